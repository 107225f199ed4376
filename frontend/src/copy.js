const SHOWN_FOR_MS = 2000;

// <button data-copy="text" data-copied="Copied"><span data-copy-label>Copy</span></button>
export async function copyText(button) {
  const label = button.querySelector("[data-copy-label]");
  if (!(await writeToClipboard(button.dataset.copy)) || button.dataset.before) return;
  button.dataset.before = label.textContent;
  label.textContent = button.dataset.copied;
  setTimeout(() => {
    label.textContent = button.dataset.before;
    delete button.dataset.before;
  }, SHOWN_FOR_MS);
}

async function writeToClipboard(text) {
  if (navigator.clipboard) {
    return navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
  }
  // Plain http on a local network has no clipboard API.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  return done;
}
