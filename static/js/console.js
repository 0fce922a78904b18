// The rest: "/" focuses search, "?" lists the shortcuts, copy buttons, messages, relative times.

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

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-copy], [data-dismiss], [data-take]");
  if (!target) return;
  if (target.matches("[data-copy]")) copy(target);
  else if (target.matches("[data-take]")) take(target);
  else target.closest(".notice").remove();
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
