// Shared behaviour of all pages, by data attributes. Everything here is an extra: pages work without it.
import { rememberTheme } from "./theme.js";
import { copyText } from "./copy.js";
import { previewField } from "./preview.js";
import { judgePassword } from "./strength.js";

document.addEventListener("click", (event) => {
  const target = event.target.closest("[data-theme-toggle], [data-copy]");
  if (!target) return;
  if (target.hasAttribute("data-theme-toggle")) rememberTheme();
  else copyText(target);
});

// After a refused form, typing goes on where the first fault is.
document.addEventListener("DOMContentLoaded", () => document.querySelector("[aria-invalid=true]")?.focus());

document.addEventListener("input", (event) => {
  previewField(event.target);
  judgePassword(event.target);
});

// One submission per click: a slow answer must not be met by a second post.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});

// What is done in another tab, such as a payment, shows when this one is looked at again.
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && document.querySelector("[data-look-again]")) location.reload();
});

// Coming back by the browser's back button: the form may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.forms) delete form.dataset.sent;
});
