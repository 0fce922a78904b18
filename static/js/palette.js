// The palette: Ctrl-K or ⌘K searches everything from any page. The focus stays in the box; the arrow keys walk through
// what is found, which the box points at (a combobox with a listbox). Without script the link leads to the same search.

const link = document.querySelector("[data-palette]");
const palette = document.getElementById("palette");
const box = palette?.querySelector("input");
const options = () => [...palette.querySelectorAll("[role='option']")];
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

function open() {
  const onPage = document.querySelector("#found") && document.querySelector("[data-search]"); // the page of the search
  const target = onPage || box;
  if (!onPage && !palette.open) {
    palette.showModal();
    window.htmx.trigger(box, "ask");
  }
  target.focus();
  target.select();
}

function activate(option) {
  for (const other of options()) other.setAttribute("aria-selected", String(other === option));
  if (option) box.setAttribute("aria-activedescendant", option.id);
  else box.removeAttribute("aria-activedescendant");
  option?.scrollIntoView({ block: "nearest" });
}

// The groups come as lists of links.
function toListbox(found) {
  const links = found.querySelectorAll("a");
  links.forEach((link, at) => {
    link.id = `palette-option-${at}`;
    link.setAttribute("role", "option");
    link.tabIndex = -1;
  });
  for (const part of found.querySelectorAll("h2, ul, li")) part.setAttribute("role", "presentation");
  for (const group of found.querySelectorAll("section")) group.setAttribute("role", "group");
  box.setAttribute("aria-expanded", String(links.length > 0));
  if (links.length) {
    found.setAttribute("role", "listbox");
    found.setAttribute("aria-label", "What was found");
  }
  activate(links[0]);
  const { number } = found.dataset;
  palette.querySelector("[role='status']").textContent = `${number === "0" ? "No" : number} result${number === "1" ? "" : "s"}`;
}

const isAnswered = () => palette.querySelector("[data-found]")?.dataset.found === box.value.trim();

// Enter may come before the answer to what was typed: then the first one of that answer is taken, unless somebody goes
// on typing or closes the palette.
let isTaking = false;
function take() {
  isTaking = !isAnswered();
  if (!isTaking) palette.querySelector("[aria-selected='true']")?.click();
}

function move(step) {
  const all = options();
  const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true") + step;
  activate(all[(at + all.length) % all.length]);
}

if (link && palette) {
  link.setAttribute("role", "button");
  link.setAttribute("aria-haspopup", "dialog");
  link.setAttribute("aria-keyshortcuts", "Control+K Meta+K");
  if (isMac) link.querySelector("kbd").textContent = "⌘K";
  link.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return; // in another tab or window
    event.preventDefault();
    open();
  });
  link.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    open();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    event.preventDefault();
    if (palette.open) palette.close();
    else open();
  });
  document.addEventListener("htmx:afterSwap", ({ detail }) => {
    if (detail.target.id !== "palette-found") return;
    toListbox(document.getElementById("palette-found"));
    if (isTaking && palette.open) take();
  });
  for (const [what, event] of [[box, "input"], [palette, "close"]]) what.addEventListener(event, () => (isTaking = false));
  box.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key === "Enter") take();
    else if (event.key === "Escape") palette.close(); // where the browser would first empty the box
    else return;
    event.preventDefault();
  });
  palette.addEventListener("click", (event) => {
    if (event.target === palette || event.target.closest("[data-close-palette]")) palette.close();
  });
}
