"use strict";
// The token of a mail stands in the fragment, which no browser sends to a server. From the address bar, where others see it and
// from where it is copied, it goes into the state of the history's entry, so that the page can be reloaded. Nothing is done until
// the button is pressed: programs that look through mails open links, too.
if (location.hash) history.replaceState(location.hash.slice(1), "", location.pathname);
const token = history.state;
const form = document.forms[0];
const outcome = document.getElementById("outcome");
const button = form.querySelector("button");
const password = document.getElementById("password");
const show = document.getElementById("show");
const words = form.dataset;

function say(text, isBad) {
  outcome.textContent = text;
  outcome.classList.toggle("bad", isBad);
  outcome.focus();
}

function end(text, isBad) {
  history.replaceState(null, "");
  form.reset();
  form.hidden = true;
  document.getElementById("intro").hidden = true;
  say(text, isBad);
}

async function tell(response) {
  if (response.status === 204) {
    end(words.done, false);
  } else if (response.status === 401) {
    end(words.invalid, true);
  } else if (response.status === 422) {
    const { errors } = await response.json();
    // The service gives its reasons in English.
    const reasons = errors.map((error) => error.message).join("; ");
    password?.setAttribute("aria-invalid", "true");
    say(document.documentElement.lang === "en" ? `${words.refused} ${reasons}.` : words.refused, true);
  } else {
    say(words.later, true);
  }
}

async function submit() {
  const body = { token };
  if (password) body.password = password.value;
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), credentials: "omit", cache: "no-store" };
  button.disabled = true;
  password?.removeAttribute("aria-invalid");
  try {
    await tell(await fetch(words.call, request));
  } catch {
    say(words.later, true);
  } finally {
    button.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
show?.addEventListener("change", () => {
  password.type = show.checked ? "text" : "password";
});
// Another link in the same tab loads no page by itself.
addEventListener("hashchange", () => location.reload());
if (!token) end(words.invalid, true);
