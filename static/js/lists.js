// Lists of folders and connections: a filter that is not set does not stand in the address.

document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  if (!target.matches("[data-filters]")) return;
  for (const [name, value] of [...detail.formData]) if (value === "") detail.formData.delete(name);
});

// Rows that are chosen: how many stands in the bar, which shows with the first; shift takes all between two of them.
const boxes = () => [...document.querySelectorAll("[data-choose]")].filter((box) => box.offsetParent);
let last = null;

function update() {
  const bar = document.querySelector("[data-choose-bar]");
  if (!bar) return;
  const all = bar.querySelector("[data-choose-all]");
  const chosen = [...document.querySelectorAll("[data-choose]:checked")].length;
  const number = all?.checked ? Number(all.dataset.number) : chosen;
  bar.hidden = !number;
  bar.querySelector("[data-choose-count]").textContent = `${number.toLocaleString("en")} chosen`;
  const page = document.querySelector("[data-choose-page]");
  page.hidden = false;
  page.checked = chosen > 0 && boxes().every((box) => box.checked);
  page.indeterminate = chosen > 0 && !page.checked;
}
update();
document.addEventListener("htmx:load", update);
window.addEventListener("pageshow", update);

document.addEventListener("click", (event) => {
  const box = event.target.closest?.("[data-choose]");
  if (!box) return;
  const shown = boxes();
  const [from, to] = [shown.indexOf(last), shown.indexOf(box)].sort((a, b) => a - b);
  if (event.shiftKey && from >= 0) for (const between of shown.slice(from, to + 1)) between.checked = box.checked;
  last = box;
});
document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-choose-page]")) for (const box of boxes()) box.checked = target.checked;
  if (target.matches("[data-choose], [data-choose-page]")) {
    const all = document.querySelector("[data-choose-all]");
    if (all && !target.checked) all.checked = false;
  }
  if (target.matches("[data-choose], [data-choose-page], [data-choose-all]")) update();
});
