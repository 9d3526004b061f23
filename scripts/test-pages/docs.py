"""Uses the page of the OpenAPI document as a developer does: enters a token, lists the users, adds one.
   docs.py CHROMIUM SERVICE_URL PUBLIC_URL PICTURES"""

import sys
from pathlib import Path

from chromium import Failure, Tab, browsing
from pages import ADMINISTRATOR, WIDTHS, check
from service import Service

LIST, ADD = "#operations-users-list_users", "#operations-users-create_user"
# What the page itself may fill in: defaults, which say the same as nothing.
DEFAULTS = {"page": "1", "page_size": "10"}
# Swagger UI's fields have no names, for no browser is to remember them; and the second user is refused.
EXPECTED = ("FormEmptyIdAndNameAttributesForInputError", "409 (Conflict)")


class Docs:
    """The page in a tab of its own."""

    def __init__(self, browser, origin, width, pictures):
        self.origin, self.width, self.pictures = origin, width, pictures
        self.tab = Tab(browser, "en")
        self.tab.resize(width)
        self.tab.open(f"{origin}/docs")
        self.tab.wait(f"!!document.querySelector('{LIST}')")

    def go(self, token):
        try:
            check(self.tab.evaluate("document.title") == "Users Service API", self.tab.evaluate("document.title"))
            check(self.tab.evaluate("document.querySelector('.info__license a').href"), "no link to the licence")
            self.looks("opened")
            self.authorise(token)
            self.lists()
            self.adds()
            asked = [request["url"] for request in self.tab.requests if request["url"] != "about:blank"]
            check(all(url.startswith((f"{self.origin}/", "data:")) for url in asked), asked)
            complaints = [text for text in self.tab.complaints if not any(known in text for known in EXPECTED)]
            check(not complaints, complaints)
        except Failure as failure:
            self.picture("failure")
            raise Failure(f"/docs at {self.width} pixels: {failure}") from failure
        self.tab.close()

    def authorise(self, token):
        self.click(".btn.authorize")
        self.enter(".auth-container input", token)
        self.click(".auth-container .modal-btn.authorize")
        self.click(".auth-container .btn-done")

    def lists(self):
        """Everybody, for no filter is filled in."""
        self.open(LIST)
        fields = "Object.fromEntries([...document.querySelectorAll('%s [data-param-name]')].map(row => [row.dataset.paramName, " \
                 "row.querySelector('input, select')?.value ?? '']))"
        self.tab.wait(f"!!document.querySelector('{LIST} [data-param-name=total]')")
        values = self.tab.evaluate(fields % LIST)
        check({"username", "q", "ids", "role"} <= values.keys(), values)
        filled = {name: value for name, value in values.items() if value and value != "--"}
        check(filled.items() <= DEFAULTS.items(), filled)
        self.execute(LIST, "200", '"ada@example.com"')
        self.looks("listed")

    def adds(self):
        """As the example says, and without a key that was used before."""
        self.open(ADD)
        key = self.tab.evaluate(f"document.querySelector('{ADD} [data-param-name=\"Idempotency-Key\"] input').value")
        check(key == "", key)
        self.execute(ADD, "201", '"john@example.com"')
        self.execute(ADD, "409", "_taken")
        self.looks("added")

    def open(self, call):
        self.click(f"{call} .opblock-summary-control")
        self.tab.wait(f"!!document.querySelector('{call} .execute')")

    def execute(self, call, status, text):
        self.click(f"{call} .execute")
        answer = f"document.querySelector('{call} .live-responses-table tbody')"
        self.tab.wait(f"{answer}?.querySelector('.response-col_status').textContent.includes({status!r})")
        self.tab.wait(f"{answer}.textContent.includes({text!r})")
        self.tab.evaluate(f"{answer}.scrollIntoView()")

    def click(self, selector):
        self.tab.wait(f"!!document.querySelector('{selector}')")
        self.tab.evaluate(f"document.querySelector('{selector}').click()")

    def enter(self, selector, text):
        self.tab.wait(f"!!document.querySelector('{selector}')")
        self.tab.evaluate(f"document.querySelector('{selector}').focus()")
        self.tab.enter(text)

    def looks(self, state):
        needs = self.tab.evaluate("document.documentElement.scrollWidth")
        check(needs <= self.width, f"a page that is {needs} pixels wide, on a screen of {self.width}")
        self.picture(state)

    def picture(self, state):
        self.tab.screenshot(self.pictures / f"docs-{state}-{self.width}.png")


def main(executable, url, origin, pictures):
    service = Service(url, pictures)
    with browsing(executable, url, origin) as browser:
        for width in WIDTHS:
            token = service.sign_in(*ADMINISTRATOR)
            Docs(browser, origin, width, Path(pictures)).go(token)
            added = service.call("GET", "/users?username=john_doe", None, 200, token)["users"][0]["user_id"]
            service.call("DELETE", f"/users/{added}", None, 204, token)
            print(f"docs-{width}: ok")


if __name__ == "__main__":
    main(*sys.argv[1:])
