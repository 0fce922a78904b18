// Trees: rows that open in place, by pointer and by keys. They stay lists of links with a button that opens each folder:
// a row holds several links, and a tree or grid would hide how to reach them from people who hear the page. So the keys
// are an addition: they move the focus from name to name, and the tab order stays.

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
  if (target.querySelector?.(":scope > .tree-row [aria-expanded='true']")) opened.add(target.id);
});
document.addEventListener("htmx:load", ({ target }) => {
  if (opened.delete(target.id)) toggle(target.querySelector("[data-tree-toggle]"));
});

// So does a whole tree that is replaced, where the page was, and whoever clicked in it goes on from there by keys.
const addressOf = (link) => link.dataset?.treeToggle ?? link.getAttribute("href");
let before = null;
document.addEventListener("htmx:beforeSwap", ({ target }) => {
  if (target.id !== "list") return;
  const isIn = target.contains(document.activeElement);
  before = {
    opened: [...target.querySelectorAll("[data-tree-toggle][aria-expanded='true']")].map(addressOf),
    focus: isIn ? addressOf(document.activeElement) : null,
    height: target.parentElement.offsetHeight,
    scroll: window.scrollY,
  };
});
document.addEventListener("htmx:load", async ({ target }) => {
  if (target.id !== "list" || !before) return;
  const { opened, focus, height, scroll } = before;
  before = null;
  if (!opened.length && !focus) return;
  const around = target.parentElement; // which HTMX leaves alone: it copies styles, and the policy of the page forbids that
  around.style.minHeight = `${height}px`; // or what is below would jump up and down again
  for (const address of opened) {
    const link = target.querySelector(`[data-tree-toggle="${CSS.escape(address)}"]`);
    if (link) await toggle(link);
  }
  const links = [...target.querySelectorAll("a[href]")];
  links.find((link) => addressOf(link) === focus)?.focus({ preventScroll: true });
  around.style.minHeight = "";
  window.scrollTo({ top: scroll, behavior: "instant" });
});

document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-tree-toggle]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  toggle(link);
});

const nameOf = (row) => row?.querySelector(".tree-name a");
const toggleOf = (row) => row.querySelector("[data-tree-toggle]");
const rowsAround = (row) =>
  [...(row.closest(".tree-first") ?? row.parentElement).querySelectorAll(".tree-row")].filter((one) => one.offsetParent && nameOf(one));
const rowAbove = (row) => row.closest("li").parentElement.closest("li")?.querySelector(":scope > .tree-row");

// To the next row whose name begins with a letter, around the end.
function startingWith(rows, at, letter) {
  const others = [...rows.slice(at + 1), ...rows.slice(0, at + 1)];
  return others.find((row) => nameOf(row).textContent.trim().toLowerCase().startsWith(letter.toLowerCase()));
}

function goal(key, row, isOpen) {
  const rows = rowsAround(row);
  const at = rows.indexOf(row);
  if (key === "ArrowDown" || (key === "ArrowRight" && isOpen)) return rows[at + 1];
  if (key === "ArrowUp") return rows[at - 1];
  if (key === "ArrowLeft") return rowAbove(row);
  if (key === "Home") return rows[0];
  if (key === "End") return rows.at(-1);
  return /^[\p{L}\p{N}]$/u.test(key) ? startingWith(rows, at, key) : null;
}

document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("a, button")?.closest(".tree-row");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const opener = toggleOf(row);
  const isOpen = opener?.getAttribute("aria-expanded") === "true";
  const isSpace = event.key === " " && event.target === opener && !opener.matches("button"); // which is a click already
  if (opener && (isSpace || (event.key === "ArrowRight" && !isOpen) || (event.key === "ArrowLeft" && isOpen))) {
    event.preventDefault();
    toggle(opener);
    return;
  }
  const next = nameOf(row) && nameOf(goal(event.key, row, isOpen));
  if (!next) return;
  event.preventDefault();
  next.focus();
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
