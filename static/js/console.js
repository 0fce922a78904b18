// The rest: "/" focuses search, "?" lists the shortcuts, copy buttons, messages, trees, relative times.

import { announce, warn } from "./announce.js";

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const box = event.key === "/" && document.querySelector("[data-search]");
  const list = event.key === "?" && document.querySelector("[data-shortcuts]");
  if (!box && !list) return;
  event.preventDefault();
  if (list) return list.click();
  box.focus();
  box.select();
});

// On a narrow screen the current tab may stand outside.
for (const tab of document.querySelectorAll(".tabs [aria-current]")) tab.scrollIntoView({ block: "nearest", inline: "center" });

// Buttons that only script can serve ship hidden.
function reveal(root) {
  if (!root.querySelectorAll) return;
  for (const button of root.querySelectorAll("[data-copy], [data-dismiss], [data-take]")) button.hidden = false;
}
reveal(document);
document.addEventListener("htmx:load", (event) => reveal(event.target));

async function copy(button) {
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    warn("Copying is not allowed here: select the text and copy it.");
    return;
  }
  announce("Copied");
  button.classList.add("copied");
  setTimeout(() => button.classList.remove("copied"), 1500);
}

// What would do instead of a value that was refused takes its place, as if it were typed.
function take(button) {
  const field = document.getElementById(button.closest("[data-field-status]").dataset.fieldStatus);
  field.value = button.dataset.take;
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// A row of a tree loads its children in place, and shows or hides them from then on.
async function toggle(link) {
  const item = link.closest("li");
  const isOpen = link.getAttribute("aria-expanded") === "true";
  let children = item.querySelector(":scope > .tree, :scope > .tree-children");
  if (!isOpen && !children) {
    children = document.createElement("div");
    children.className = "tree-children";
    item.append(children);
    await window.htmx.ajax("GET", link.dataset.treeToggle, { target: children, swap: "innerHTML" });
    if (!children.firstElementChild) return children.remove(); // it was refused
  }
  if (children) children.hidden = isOpen;
  link.setAttribute("aria-expanded", String(!isOpen));
}

function enhanceTree(root) {
  for (const link of root.querySelectorAll?.("[data-tree-toggle]") ?? []) {
    link.setAttribute("role", "button");
    link.setAttribute("aria-expanded", "false");
  }
}
enhanceTree(document);
document.addEventListener("htmx:load", (event) => enhanceTree(event.target));

// A row that is replaced opens again if it was open; what is in it may stand otherwise now.
const opened = new Set();
document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.querySelector?.(":scope > .tree-row > [aria-expanded='true']")) opened.add(target.id);
});
document.addEventListener("htmx:load", ({ target }) => {
  if (opened.delete(target.id)) toggle(target.querySelector("[data-tree-toggle]"));
});

document.addEventListener("click", (event) => {
  const plain = !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
  const target = event.target.closest("[data-copy], [data-dismiss], [data-take], [data-tree-toggle]");
  if (!target) return;
  if (target.matches("[data-copy]")) copy(target);
  else if (target.matches("[data-take]")) take(target);
  else if (target.matches("[data-dismiss]")) target.closest(".notice").remove();
  else if (plain) {
    event.preventDefault();
    toggle(target);
  }
});

document.addEventListener("keydown", (event) => {
  const link = event.target.closest?.("[data-tree-toggle]");
  if (!link) return;
  const isOpen = link.getAttribute("aria-expanded") === "true";
  const isSpace = event.key === " " && !link.matches("button"); // which is a click already
  if (isSpace || (event.key === "ArrowRight" && !isOpen) || (event.key === "ArrowLeft" && isOpen)) {
    event.preventDefault();
    toggle(link);
  }
});

// Ticking an OU ticks all that is in it: at once where that is shown. The server answers with what is above.
document.addEventListener("click", (event) => {
  const tick = event.target.closest("[data-tick]");
  if (!tick) return;
  const isTicked = tick.getAttribute("aria-checked") !== "true";
  for (const inside of tick.closest("li").querySelectorAll("[data-tick]")) {
    inside.setAttribute("aria-checked", String(isTicked));
    if (inside !== tick) inside.value = `${isTicked ? "exclude" : "include"} ${inside.value.split(" ")[1]}`;
  }
});

// Relative times stay true while a page stands open; the words are those of the server.
const UNITS = [["year", 31557600], ["month", 2629800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
function relative(seconds) {
  const size = Math.abs(seconds);
  if (size < 10) return "just now";
  const [unit, length] = UNITS.find(([, length]) => size >= length);
  const count = Math.floor(size / length);
  const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
  return seconds > 0 ? `${words} ago` : `in ${words}`;
}
setInterval(() => {
  for (const time of document.querySelectorAll("time[datetime]")) {
    time.textContent = relative(Math.round((Date.now() - Date.parse(time.dateTime)) / 1000));
  }
}, 30000);
