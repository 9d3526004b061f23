"use strict";
// The token of a mail stands in the fragment, which no browser sends to a server. Nothing is done until the button is pressed:
// programs that look through mails open links, too.
const form = document.forms[0];
const outcome = document.getElementById("outcome");
const button = form.querySelector("button");
const password = document.getElementById("password");
const show = document.getElementById("show");
const words = form.dataset;

function say(text, isBad) {
  outcome.textContent = text;
  outcome.classList.toggle("bad", isBad);
  password?.setAttribute("aria-invalid", String(isBad));
  outcome.focus();
}

function end(text, isBad) {
  form.hidden = true;
  document.getElementById("intro").hidden = true;
  say(text, isBad);
}

async function tell(response) {
  if (response.status === 204) {
    history.replaceState(null, "", location.pathname);
    form.reset();
    end(words.done, false);
  } else if (response.status === 401) {
    end(words.invalid, true);
  } else if (response.status === 422) {
    const { errors } = await response.json();
    // The service gives its reasons in English.
    const reasons = errors.map((error) => error.message).join("; ");
    say(document.documentElement.lang === "en" ? `${words.refused} ${reasons}.` : words.refused, true);
  } else {
    say(words.later, true);
  }
}

async function submit() {
  const body = { token: location.hash.slice(1) };
  if (password) body.password = password.value;
  const request = { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body), credentials: "omit", cache: "no-store" };
  button.disabled = true;
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
if (location.hash.length < 2) end(words.invalid, true);
