"""Goes the whole way of each link's page as a person does, with the keyboard alone: sign up, mail, link, page, button, signed in.
   pages.py CHROMIUM SERVICE_URL PUBLIC_URL MAILS PICTURES"""

import sys
from dataclasses import dataclass
from pathlib import Path

from chromium import SHIFT, Chromium, Failure, Tab, browsing
from service import Service
from words import LANGUAGES

ADMINISTRATOR = ("ada", "correct horse battery staple")
FIRST, NEW, SHORT = "seven lanterns in the fog", "nine lanterns on the pier", "short"
WIDTHS = (390, 1280)
# path: the call that its button makes; whether it asks for a password
PAGES = {
    "/verify-email": ("/email-verifications/confirm", False),
    "/reset-password": ("/passwords/confirm", True),
    "/accept-invitation": ("/passwords/confirm", True),
}
# What the Content Security Policy has to refuse, with the directive that does.
ATTEMPTS = [
    ("script-src-elem", "document.body.append(Object.assign(document.createElement('script'), {text: 'foreign = true'}))"),
    ("script-src-elem", "document.body.append(Object.assign(document.createElement('script'), {src: 'http://elsewhere.example/'}))"),
    ("script-src-attr", "document.body.setAttribute('onclick', 'foreign = true'); document.body.click()"),
    ("style-src-attr", "document.body.setAttribute('style', 'display: none')"),
    ("img-src", "document.body.append(Object.assign(new Image(), {src: 'http://elsewhere.example/'}))"),
    ("connect-src", "void fetch('http://elsewhere.example/').catch(() => {})"),
    ("base-uri", "document.head.append(Object.assign(document.createElement('base'), {href: 'http://elsewhere.example/'}))"),
    ("form-action", "document.forms[0].action = 'http://elsewhere.example/'; document.forms[0].submit()"),
]


def check(fact, seen):
    if not fact:
        raise Failure(f"seen instead: {seen!r}")


@dataclass
class Way:
    """The way of one page in one language."""

    browser: Chromium
    service: Service
    origin: str
    pictures: Path
    path: str
    language: str

    def __post_init__(self):
        self.call, self.asks = PAGES[self.path]
        self.words = LANGUAGES[self.language][self.path]
        self.name = f"{self.path[1:]}-{self.language}"
        self.user, self.tab = self.name.replace("-", "_"), None

    def go(self):
        link = self.ask_for_link(f"{self.user}@example.com")
        for step in (self.opens, self.can_be_reloaded, *([self.refuses, self.shows] if self.asks else []), self.fails, self.accepts,
                     self.signs_in, self.is_used_up, self.takes_another_link, self.needs_a_token, self.lets_nothing_in,
                     self.needs_a_script):
            try:
                step(link)
                self.stays_with_its_origin()
            except Failure as failure:
                self.picture("failure")
                raise Failure(f"{self.name} {step.__name__.replace('_', ' ')}: {failure}") from failure
        self.close()

    def ask_for_link(self, address):
        """Adds the user, who has a link to this page then."""
        if self.path == "/accept-invitation":
            token = self.service.sign_in(*ADMINISTRATOR)
            body = {"username": self.user, "email": address, "invite": True}
            self.service.call("POST", "/users", body, 201, token, self.language)
        else:
            self.service.call("POST", "/users", {"username": self.user, "email": address, "password": FIRST}, 201)
            token = self.service.sign_in(self.user, FIRST)
            check(not self.account(token)["email_verified"], "an address that is verified before anything was opened")
            call, body = {"/verify-email": ("/email-verifications", {"email": address}),
                          "/reset-password": ("/password-resets", {"login": self.user})}[self.path]
            self.service.call("POST", call, body, 202, None, self.language)
        link = self.service.link(address, self.path)
        check(link.startswith(f"{self.origin}{self.path}#"), link)
        return link

    def account(self, token):
        return self.service.call("GET", "/users/me/account", None, 200, token)

    def open(self, url):
        self.close()
        self.tab = Tab(self.browser, self.language)
        self.tab.resize(WIDTHS[0])
        self.tab.open(url)

    def close(self):
        if self.tab:
            self.tab.close()
        self.tab = None

    def stays_with_its_origin(self):
        """After each step: nothing was wrong, nobody else was asked, and nobody was told the token by the way."""
        check(not self.tab.complaints, self.tab.complaints)
        asked = [request["url"] for request in self.tab.requests if request["url"] != "about:blank"]
        check(all(url.startswith(f"{self.origin}/") and "uso_" not in url for url in asked), asked)
        check(not any(request["headers"].get("Referer") for request in self.tab.requests), "a request with a referrer")

    # The steps, in their order.

    def opens(self, link):
        self.open(link)
        self.hides_its_token()
        posted = [request["url"] for request in self.tab.requests if request["method"] != "GET"]
        check(not posted, posted)
        check(self.tab.evaluate("document.documentElement.lang") == self.language, "another language")
        check(self.tab.evaluate("document.title") == self.words.title, self.tab.evaluate("document.title"))
        self.looks("opened")
        self.is_told_to_a_screen_reader()

    def hides_its_token(self):
        check(self.tab.evaluate("location.href") == self.origin + self.path, self.tab.evaluate("location.href"))
        entries = [entry["url"] for entry in self.tab.call("Page.getNavigationHistory")["entries"]]
        check(all("#" not in url for url in entries), entries)

    def is_told_to_a_screen_reader(self):
        told = [(each.role, each.name) for each in self.tab.accessible() if each.role in ("textbox", "checkbox", "button")]
        fields = [("textbox", self.words.password), ("checkbox", self.words.show)] if self.asks else []
        check(sorted(told) == sorted([("button", self.words.button), *fields]), told)
        headings = [(each.name, each.properties["level"]) for each in self.tab.accessible() if each.role == "heading"]
        check(headings == [(self.words.title, 1)], headings)
        # A live region that comes with its text is one that some screen readers pass over: it is there before.
        regions = [(each.role, each.properties["live"]) for each in self.tab.accessible() if each.properties.get("live")]
        check(regions == [("status", "polite")], regions)

    def can_be_reloaded(self, _):
        self.tab.reload()
        self.hides_its_token()
        check(not self.tab.evaluate("document.forms[0].hidden"), "a page that has lost its token")

    def refuses(self, _):
        self.enter_password(SHORT)
        self.tab.press("Enter")
        self.says(self.words.refused)
        check(self.tab.evaluate("password.ariaInvalid") == "true", "a field that is not marked as invalid")
        self.looks("refused")

    def shows(self, _):
        self.move_to("show")
        kinds = [self.tab.evaluate("password.type")]
        for _ in range(2):
            self.tab.press("Space")
            kinds.append(self.tab.evaluate("password.type"))
        check(kinds == ["password", "text", "password"], kinds)

    def fails(self, _):
        self.tab.set_offline(True)
        self.confirm()
        self.says(self.words.later)
        check(not self.tab.evaluate("document.querySelector('[aria-invalid]')"), "a password that is blamed")
        self.tab.set_offline(False)
        self.looks("failed")

    def accepts(self, _):
        self.confirm()
        self.says(self.words.done)
        self.hides_its_token()
        check(self.tab.evaluate("document.forms[0].hidden && intro.hidden"), "a form that is still there")
        called = [request["url"] for request in self.tab.requests if request["method"] == "POST"]
        check(set(called) == {self.origin + self.call}, called)
        self.looks("accepted")

    def signs_in(self, _):
        token = self.service.sign_in(self.user, NEW if self.asks else FIRST)
        check(self.account(token)["email_verified"] is True, "an address that is not verified")
        if self.asks:
            self.service.sign_in(self.user, FIRST, 401)

    def is_used_up(self, link):
        self.open(link)
        self.confirm()
        self.says(self.words.invalid)
        check(self.tab.evaluate("document.forms[0].hidden"), "a form that is still there")
        self.looks("used-up")

    def takes_another_link(self, _):
        self.tab.evaluate("document.isOld = true; location.hash = '#uso_another'")
        self.tab.wait("!document.isOld && document.readyState === 'complete' && !document.forms[0].hidden")
        self.hides_its_token()

    def needs_a_token(self, _):
        self.open(self.origin + self.path)
        self.says(self.words.invalid)

    def lets_nothing_in(self, _):
        """What somebody got into the page would do nothing. It shows as well that the other steps would see it."""
        self.tab.evaluate("refused = []")
        self.tab.evaluate("addEventListener('securitypolicyviolation', event => refused.push(event.effectiveDirective))")
        for directive, attempt in ATTEMPTS:
            self.tab.evaluate(f"refused.length = 0; {attempt}")
            self.tab.wait(f"refused.includes('{directive}')")
        check(self.tab.evaluate("typeof foreign") == "undefined", "a script that ran")
        told = [each for each in self.tab.complaints if "Content Security Policy" in each]
        check(len(told) >= len(ATTEMPTS), self.tab.complaints)
        check(any("elsewhere" in request["url"] for request in self.tab.requests), self.tab.requests)
        self.tab.complaints.clear()
        self.tab.requests.clear()

    def needs_a_script(self, link):
        self.open("about:blank")
        self.tab.call("Emulation.setScriptExecutionDisabled", value=True)
        self.tab.open(link)
        texts = [each.text for each in self.tab.accessible()]
        check(self.words.no_script in texts, texts)

    # What a person does, and sees.

    def move_to(self, id):
        """By the tabulator, from wherever the focus is."""
        for direction in [0] * 5 + [SHIFT] * 5:
            if self.tab.evaluate("document.activeElement.id || document.activeElement.type") == id:
                return
            self.tab.press("Tab", direction)
        raise Failure(f"the tabulator does not lead to {id}")

    def enter_password(self, password):
        self.move_to("password")
        # What is there is selected when the tabulator leads to it, and replaced.
        self.tab.enter(password)
        check(self.tab.evaluate("password.value") == password, self.tab.evaluate("password.value"))

    def confirm(self):
        if self.asks:
            self.enter_password(NEW)
        self.move_to("submit")
        self.tab.press("Enter")

    def says(self, text):
        """The outcome has the text and the focus, by which a screen reader reads it and a magnifier shows it."""
        try:
            self.tab.wait(f"!document.querySelector('button').disabled && outcome.textContent.startsWith({text!r})")
        except Failure as failure:
            raise Failure(f"{failure}; it says {self.tab.evaluate('outcome.textContent')!r}") from failure
        check(self.tab.evaluate("document.activeElement.id") == "outcome", "the focus is elsewhere")
        regions = [each.text for each in self.tab.accessible() if each.role == "status"]
        check(len(regions) == 1 and regions[0].startswith(text), regions)

    def looks(self, state):
        """A picture at each width, at which nothing may be beyond the edge of the screen."""
        for width in WIDTHS:
            self.tab.resize(width)
            needs = self.tab.evaluate("document.documentElement.scrollWidth")
            check(needs <= width, f"a page that is {needs} pixels wide, on a screen of {width}")
            for scheme in ("dark", "light"):
                self.tab.prefer(scheme)
                self.picture(f"{state}-{width}-{scheme}")
        self.tab.resize(WIDTHS[0])

    def picture(self, state):
        if self.tab:
            self.tab.screenshot(self.pictures / f"{self.name}-{state}.png")


def main(executable, url, origin, mails, pictures):
    with browsing(executable, url, origin) as browser:
        for language in LANGUAGES:
            for path in PAGES:
                way = Way(browser, Service(url, mails), origin, Path(pictures), path, language)
                way.go()
                print(f"{way.name}: ok")


if __name__ == "__main__":
    main(*sys.argv[1:])
