// One place that speaks: to screen readers alone, or to everybody as a toast.

const announcer = document.getElementById("announcer");

function say(text, look) {
  announcer.className = look;
  announcer.textContent = "";
  setTimeout(() => {
    announcer.textContent = text;
  }, 50);
}
export const announce = (text) => say(text, "visually-hidden");
export const warn = (text) => say(text, "toast");
export const isWarning = () => announcer.className === "toast";
