// Lists of folders and connections: a filter that is not set does not stand in the address.

document.addEventListener("htmx:configRequest", ({ target, detail }) => {
  if (!target.matches("[data-filters]")) return;
  for (const [name, value] of [...detail.formData]) if (value === "") detail.formData.delete(name);
});
