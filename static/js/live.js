// A page that is looked at hears of what happens meanwhile: what has data-live asks whether there is something else than
// it shows, every 15 seconds while the tab is visible and as soon as it is looked at again. No news is no answer (204).

const EVERY = 15_000;
let askedAt = Date.now();

function ask() {
  askedAt = Date.now();
  for (const element of document.querySelectorAll("[data-live]")) {
    if (element.contains(document.activeElement) || element.querySelector("details[open]")) continue; // somebody is at it
    const path = window.location.pathname + window.location.search;
    const options = { source: element, target: element, swap: "outerHTML", headers: { "X-Seen": element.dataset.live } };
    window.htmx.ajax("get", path, options).catch(() => {}); // the next time comes
  }
}

// The tree or the health of connections has changed: it is shown anew, unless somebody is at work in it, who is told instead.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, requestConfig } = event.detail;
  if (requestConfig.triggeringEvent?.type !== "synced") return;
  if (!elt.querySelector("[aria-expanded='true'], [data-choose]:checked") && !elt.contains(document.activeElement)) return;
  event.preventDefault();
  document.getElementById("tree-news").hidden = false;
});

setInterval(() => document.visibilityState === "visible" && ask(), EVERY);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible" && Date.now() - askedAt > 1000) ask();
});
window.addEventListener("online", ask);
