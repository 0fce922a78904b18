// A page that is looked at hears of what happens meanwhile: what has data-live asks whether there is something else than
// it shows, every 15 seconds while the tab is visible and as soon as it is looked at again. No news is no answer (204).
// What AWS tells Pipes of by events (data-live-often) is there within seconds of a change, so it is asked for as often.

const EVERY = 15_000;
const OFTEN = 2_000;
let askedAt = Date.now();

function ask(which) {
  askedAt = Date.now();
  for (const element of document.querySelectorAll(which)) {
    if (element.contains(document.activeElement) || element.querySelector("details[open]")) continue; // somebody is at it
    const path = window.location.pathname + window.location.search;
    const options = { source: element, target: element, swap: "outerHTML", headers: { "X-Seen": element.dataset.live } };
    window.htmx.ajax("get", path, options).catch(() => {}); // the next time comes
  }
}

// The tree, the health of connections or what is in the schema has changed: it is shown anew, unless somebody is at work
// in it, who is told instead. Who has pressed a button in it sees what that did; ticks are not lost by it, and folders
// that were opened are opened again (trees.js).
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  const what = requestConfig.triggeringEvent?.type;
  if (what !== "synced" && what !== "schema") return;
  const isTicked = elt.querySelector("[data-choose]:checked");
  const isAtWork = elt.querySelector("[aria-expanded='true']:not([data-tree-toggle]), details[open], :focus-visible");
  if (!isTicked && (what === "schema" || !isAtWork)) return;
  event.preventDefault();
  document.getElementById("tree-news").hidden = false;
});

const isLookedAt = () => document.visibilityState === "visible";
setInterval(() => isLookedAt() && ask("[data-live]:not([data-live-often])"), EVERY);
setInterval(() => isLookedAt() && ask("[data-live-often]"), OFTEN);
document.addEventListener("visibilitychange", () => isLookedAt() && Date.now() - askedAt > 1000 && ask("[data-live]"));
window.addEventListener("online", () => ask("[data-live]"));
