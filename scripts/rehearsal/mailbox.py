"""Waits until somebody has got so many mails, and prints the token of the link in the last one.
   mailbox.py FOLDER ADDRESS NUMBER SECONDS"""

import email
import email.policy
import glob
import re
import sys
import time

folder, address, number, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
deadline = time.monotonic() + seconds
while len(mails := sorted(glob.glob(f"{folder}/mails/*-{address}"))) < number:
    if time.monotonic() > deadline:
        sys.exit(f"{address} has {len(mails)} mails and not {number} after {seconds} s")
    time.sleep(0.1)
with open(mails[-1], "rb") as file:
    message = email.message_from_binary_file(file, policy=email.policy.default)
print(f"From: {message['From']}\nTo: {message['To']}\nSubject: {message['Subject']}", file=sys.stderr)
print(re.search(r"#(uso_[\w-]+)", message.get_body(("plain",)).get_content())[1])
