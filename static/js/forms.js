// Forms: what HTML ships enabled, this disables until it makes sense; the focus goes to what is wrong.

// What was changed and not saved asks before it is lost. A page that may ask is not kept for going back to, so it listens
// only while there is something to ask about.
const unsaved = new Set();
function askFirst(event) {
  if (![...unsaved].some((form) => form.isConnected && !form.dataset.sent)) return;
  event.preventDefault();
  // Somebody who stayed does something again, and may want to send another form of the page then.
  for (const again of ["pointerdown", "keydown"]) window.addEventListener(again, sendAgain, { once: true, capture: true });
}
function note(form, isChanged) {
  if (isChanged) unsaved.add(form);
  else unsaved.delete(form);
  if (unsaved.size) window.addEventListener("beforeunload", askFirst);
  else window.removeEventListener("beforeunload", askFirst);
}

// "Save" waits until something changed.
function awaitChange(form) {
  if (form.dataset.needsChange === "changed") return note(form, true); // it came back with errors
  const button = form.querySelector("button:not([type='button'], [form])");
  const values = (form) => JSON.stringify([...new FormData(form)].filter(([name]) => name !== "csrfmiddlewaretoken"));
  const served = form.cloneNode(true); // somebody, or the browser, may have filled in something before this ran
  HTMLFormElement.prototype.reset.call(served); // a button may be named "reset"
  const before = values(served);
  const update = () => {
    button.disabled = values(form) === before;
    note(form, !button.disabled);
  };
  form.addEventListener("input", update);
  form.addEventListener("change", update);
  form.addEventListener("reset", () => setTimeout(update));
  update();
}
document.querySelectorAll("form[data-needs-change]").forEach(awaitChange);
document.addEventListener("htmx:afterSwap", (event) => {
  event.target.querySelectorAll?.("form[data-needs-change]").forEach(awaitChange);
});

// A destructive button waits until the handle is typed: <form data-confirm="handle"><input data-confirm-input>…
function guard(root) {
  for (const form of root.querySelectorAll("form[data-confirm]")) {
    const input = form.querySelector("[data-confirm-input]");
    const button = form.querySelector("button:not([type='button'])");
    const update = () => {
      button.disabled = input.value.trim() !== form.dataset.confirm;
    };
    input.addEventListener("input", update);
    update();
  }
}
guard(document);

// A second click does not send a form twice; its buttons may stand outside of it.
const buttonsOf = (form) => [...form.elements].filter((control) => control.type === "submit");
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented || form.dataset.sent) return;
  form.dataset.sent = "yes";
  for (const asking of form.querySelectorAll("input[hx-get]")) window.htmx.trigger(asking, "htmx:abort");
  setTimeout(() => {
    for (const button of buttonsOf(form)) button.disabled = true;
  });
});
// Nor is a field checked any more that was just sent: the page may have another address by now.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (event.target.matches("form[data-sent] input[hx-get]")) event.preventDefault();
});
function sendAgain() {
  for (const form of document.querySelectorAll("form[data-sent]")) {
    delete form.dataset.sent;
    for (const button of buttonsOf(form)) button.disabled = false;
    (form.querySelector("[data-confirm-input]") ?? form).dispatchEvent(new Event("input")); // what keeps them disabled looks again
  }
}
window.addEventListener("pageshow", (event) => event.persisted && sendAgain());

// After a failed form: to the first field that is wrong, else to the sentence above the fields.
export function focusFirstError(root) {
  const wrong = root.querySelector("[aria-invalid='true']") ?? root.querySelector("[data-form-error]");
  if (!wrong) return false;
  wrong.focus();
  return true;
}
focusFirstError(document);
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.requestConfig?.verb === "post") focusFirstError(document);
});

// A check as one types marks the field it belongs to.
document.addEventListener("htmx:afterSwap", (event) => {
  const status = event.target.closest?.("[data-field-status]");
  if (status) {
    const control = document.getElementById(status.dataset.fieldStatus);
    if (status.querySelector(".field-error")) control?.setAttribute("aria-invalid", "true");
    else control?.removeAttribute("aria-invalid");
  }
});

// Links with data-dialog open their page's #dialog-content in the <dialog>; without script they are plain links.
const dialog = document.getElementById("dialog");
document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (link && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey)) {
    event.preventDefault();
    dialog.replaceChildren();
    await window.htmx.ajax("GET", link.href, { target: dialog, select: "#dialog-content", swap: "innerHTML" });
    if (!dialog.firstElementChild) return; // it was refused
    dialog.setAttribute("aria-label", dialog.querySelector("h1, h2")?.textContent.trim() ?? "Please confirm");
    guard(dialog);
    dialog.showModal();
    dialog.querySelector("[data-confirm-input], [autofocus]")?.focus();
  } else if (event.target === dialog || event.target.closest("[data-close-dialog]")) {
    if (dialog.open) event.preventDefault();
    dialog.close();
  }
});

// What somebody has opened stays open when its part of the page comes anew.
let opened = [];
document.addEventListener("htmx:beforeSwap", () => {
  opened = [...document.querySelectorAll("details[data-stays-open][open]")].map((one) => one.dataset.staysOpen);
});
document.addEventListener("htmx:afterSwap", () => {
  for (const one of document.querySelectorAll("details[data-stays-open]")) one.open ||= opened.includes(one.dataset.staysOpen);
});
