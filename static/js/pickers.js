// Lists of boxes in groups: a text that narrows them, and a button for all of a group. Without script they are plain boxes.

const FEW = 8; // are seen at once

const boxesOf = (group, name) =>
  [...group.querySelectorAll(name ? `input[type="checkbox"][name="${name}"]` : "input[type='checkbox']")].filter((box) => !box.closest("label").hidden);

function label(button) {
  const boxes = boxesOf(button.closest("[data-pick-group]"), button.dataset.pickAll);
  const isFull = boxes.length > 0 && boxes.every((box) => box.checked);
  button.firstChild.textContent = isFull ? "Select none" : "Select all";
  return [boxes, isFull];
}

function enhance(root) {
  for (const find of root.querySelectorAll?.("[data-pick-find]") ?? []) {
    find.hidden = boxesOf(find.closest("[data-pick]")).length < FEW;
  }
  for (const button of root.querySelectorAll?.("[data-pick-all]") ?? []) {
    button.hidden = false;
    label(button);
  }
}
enhance(document);
document.addEventListener("htmx:load", (event) => enhance(event.target));

document.addEventListener("input", ({ target }) => {
  if (!target.matches("[data-pick-find]")) return;
  const text = target.value.trim().toLowerCase();
  for (const group of target.closest("[data-pick]").querySelectorAll("[data-pick-group]")) {
    const own = group.querySelector("legend, .place-organization")?.textContent.toLowerCase() ?? "";
    const isWhole = own.includes(text);
    for (const one of group.querySelectorAll("label")) one.hidden = !isWhole && !one.textContent.toLowerCase().includes(text);
    group.hidden = ![...group.querySelectorAll("label")].some((one) => !one.hidden);
    for (const button of group.querySelectorAll("[data-pick-all]")) label(button);
  }
});
// Not the form's: what is looked for here is sent nowhere.
document.addEventListener("keydown", (event) => event.key === "Enter" && event.target.matches?.("[data-pick-find]") && event.preventDefault());

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-pick-all]");
  if (!button) return;
  const [boxes, isFull] = label(button);
  for (const box of boxes) box.checked = !isFull;
  boxes[0]?.dispatchEvent(new Event("input", { bubbles: true }));
  boxes[0]?.dispatchEvent(new Event("change", { bubbles: true }));
  label(button);
});
document.addEventListener("change", ({ target }) => {
  const group = target.closest?.("[data-pick-group]");
  for (const button of group?.querySelectorAll("[data-pick-all]") ?? []) label(button);
});
