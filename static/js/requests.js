// Requests of HTMX that came to something else than was asked for. What somebody typed stays, a sentence says what
// happened, and no answer to an earlier question stands there.

import { announce, isWarning, warn } from "./announce.js";

// What happened, and what to do.
const EXPIRED = ["Nothing was saved: you have signed in or out in another tab since you opened this page.", "Send it again."];
const SIGNED_OUT = ["Nothing was saved: you are signed out.", "Sign in in another tab, come back and send it again."];
const FORBIDDEN = ["Nothing was saved: you may not do this any more.", "Ask an owner."];
const GONE = ["Nothing was saved: what this is about is not there any more.", "Go back to the list that led here."];
const TOO_MANY = ["Nothing was saved: too many requests came from you.", "Wait a minute and send it again."];
const FAILED = ["The server could not do this.", "Try again in a moment."];
const AWAY = ["The server cannot reach its database at the moment.", "Try again in a few seconds."];
const UNREACHED = ["The server did not answer.", "Check your connection and try again."];
const BY_STATUS = { 403: FORBIDDEN, 404: GONE, 429: TOO_MANY, 503: AWAY };

const isForm = (form) => form?.matches("form[method='post' i]");

function isChanged(control) {
  if (control.type === "checkbox" || control.type === "radio") return control.checked !== control.defaultChecked;
  if (control.options) return [...control.options].some((option, at) => option.selected && !option.defaultSelected && at);
  return control.type !== "hidden" && "defaultValue" in control && control.value !== control.defaultValue;
}
const isEntered = (control) => control.type !== "hidden" && control.matches("input, select, textarea");
const hasTyped = () => [...document.forms].some((form) => isForm(form) && [...form.elements].some(isChanged));

// Nobody asked for this answer: the page looks for news by itself (live.js).
const isLook = ({ headers }) => "X-Seen" in headers;

// Say beside the form why it was not done; else at the edge of the page. Answers to what was asked before go.
function report({ elt, verb }, [what, advice], link) {
  const sentence = hasTyped() ? `${what} What you entered is still here. ${advice}` : `${what} ${advice}`;
  for (const old of document.querySelectorAll("[data-not-sent]")) old.remove();
  const answers = verb === "get" || !elt.dataset.answers ? [] : [...document.querySelectorAll(elt.dataset.answers)];
  for (const answer of answers) answer.replaceChildren();
  const form = elt.closest("form");
  const place = answers[0] ?? (isForm(form) && (verb !== "get" || link) && [...form.elements].some(isEntered) ? form : null);
  if (!place) return warn(sentence);
  const notice = document.getElementById("not-sent").content.firstElementChild.cloneNode(true);
  notice.lastElementChild.textContent = sentence;
  if (link) notice.lastElementChild.append(" ", link);
  place.prepend(notice);
  if (verb !== "get") notice.focus();
}

function signInLink() {
  const link = document.createElement("a");
  link.href = document.body.dataset.signIn;
  link.target = "_blank";
  link.textContent = "Sign in";
  return link;
}

// With the token of the session that there is now, the same form can be sent again.
function takeToken(token) {
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  for (const field of document.querySelectorAll("input[name='csrfmiddlewaretoken']")) field.value = token;
}

// A fragment's request that was redirected (a form that succeeded, or its session ended) becomes a real navigation,
// unless that would lose what somebody typed.
document.addEventListener("htmx:beforeSwap", (event) => {
  const { xhr, requestConfig } = event.detail;
  if (!xhr.responseURL) return;
  const asked = new URL(requestConfig.path, window.location.href).pathname;
  const answered = new URL(xhr.responseURL).pathname;
  if (answered === asked) return;
  event.detail.shouldSwap = false;
  if (isLook(requestConfig)) return;
  const isGet = requestConfig.verb === "get";
  if (answered === document.body.dataset.signIn && (!isGet || hasTyped())) report(requestConfig, SIGNED_OUT, signInLink());
  else if (isGet) window.location.reload();
  else window.location.assign(xhr.responseURL);
});

// What a page offers may be gone, or not allowed any more: the page as it is now shows it, where nothing is lost by that.
document.addEventListener("htmx:responseError", ({ target, detail: { xhr, requestConfig } }) => {
  if (isLook(requestConfig) && (xhr.status >= 500 || xhr.status === 429 || hasTyped())) return;
  const token = xhr.getResponseHeader("X-CSRFToken");
  if (token) takeToken(token);
  const isOld = xhr.status === 403 || xhr.status === 404;
  if (token) report(requestConfig, EXPIRED);
  else if (isOld && !hasTyped()) window.location.reload();
  else report(requestConfig, BY_STATUS[xhr.status] ?? FAILED);
  if (xhr.status === 503) askAgain(target);
});
document.addEventListener("htmx:sendError", ({ target, detail: { requestConfig } }) => {
  if (isLook(requestConfig)) return;
  report(requestConfig, UNREACHED);
  askAgain(target);
});
// What follows something asks again after each answer; here there was none.
function askAgain(element) {
  if (!element.getAttribute("hx-trigger")?.startsWith("load ")) return;
  const ask = () => window.htmx.ajax("get", element.getAttribute("hx-get"), { source: element, target: element, swap: "outerHTML" });
  setTimeout(() => element.isConnected && ask().catch(() => {}), 3000); // it comes here again
}
document.addEventListener("htmx:afterOnLoad", ({ detail: { xhr, requestConfig } }) => {
  if (isLook(requestConfig)) return;
  if (xhr.status >= 400 || !xhr.responseURL || new URL(xhr.responseURL).pathname === document.body.dataset.signIn) return;
  if (isWarning()) announce("");
  if (requestConfig.verb !== "get") for (const old of document.querySelectorAll("[data-not-sent]")) old.remove();
});
