// Menus of the top bar: the switchers (links that become menus) and the <details> menus; theme buttons without a reload.

const openSwitcher = () => document.querySelector("[data-switcher][aria-expanded='true']");

function panelOf(button) {
  return document.getElementById(button.dataset.switcher);
}

function close(button) {
  button.setAttribute("aria-expanded", "false");
  panelOf(button).hidden = true;
}

async function open(button) {
  const panel = panelOf(button);
  closeAll();
  button.setAttribute("aria-expanded", "true");
  panel.hidden = false;
  if (!panel.firstElementChild) {
    await window.htmx.ajax("GET", button.href, { target: panel, swap: "innerHTML" });
  }
  panel.querySelector("input")?.focus();
}

function closeAll() {
  const button = openSwitcher();
  if (button) close(button);
  for (const menu of document.querySelectorAll("details[data-menu][open]")) menu.open = false;
}

const isPlainClick = (event) => !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || event.button);

for (const button of document.querySelectorAll("[data-switcher]")) {
  button.setAttribute("role", "button");
  button.setAttribute("aria-haspopup", "dialog");
  button.setAttribute("aria-expanded", "false");
  button.setAttribute("aria-controls", button.dataset.switcher);
  button.addEventListener("click", (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    if (button.getAttribute("aria-expanded") === "true") close(button);
    else open(button);
  });
  button.addEventListener("keydown", (event) => {
    if (event.key === " " || event.key === "ArrowDown") {
      event.preventDefault();
      open(button);
    }
  });
}

// Arrow keys walk through the links of an open menu; Enter in its search box takes the first one.
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    const opened = openSwitcher() ?? document.querySelector("details[data-menu][open] > summary");
    if (opened) {
      closeAll();
      opened.focus();
    }
    return;
  }
  const panel = event.target.closest?.(".menu-panel");
  if (!panel) return;
  const items = [...panel.querySelectorAll(".menu-item")];
  const at = items.indexOf(event.target);
  const box = panel.querySelector("input[type='search']");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    (next < 0 ? (box ?? items[0]) : items[Math.min(next, items.length - 1)])?.focus();
  } else if (event.key === "Enter" && event.target === box) {
    event.preventDefault();
    takeFirst(panel, box);
  }
});

// Enter may come before the answer to what was typed: then the first one of that answer is taken, unless somebody goes
// on typing or closes the menu.
function takeFirst(panel, box, text = box.value) {
  if (panel.hidden || box.value !== text) return;
  const isAnswered = panel.querySelector("[data-found]")?.dataset.found === text.trim();
  if (isAnswered) panel.querySelector("ul .menu-item")?.click();
  else panel.addEventListener("htmx:afterSettle", () => takeFirst(panel, box, text), { once: true });
}

document.addEventListener("click", (event) => {
  if (!event.target.closest(".place, details[data-menu]")) closeAll();
});

document.addEventListener("focusin", (event) => {
  const button = openSwitcher();
  if (button && !event.target.closest(".place")) close(button);
});

for (const menu of document.querySelectorAll("details[data-menu]")) {
  menu.addEventListener("toggle", () => {
    const button = openSwitcher();
    if (menu.open && button) close(button);
  });
}

for (const form of document.querySelectorAll("[data-theme-form]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const theme = event.submitter.value;
    const data = new FormData(form, event.submitter);
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    for (const button of document.querySelectorAll("[name='theme'][aria-pressed]")) {
      button.setAttribute("aria-pressed", String(button.value === theme));
    }
    await fetch(form.action, { method: "POST", body: data, redirect: "manual" });
  });
}
