// <input data-preview="some-id"> writes what is typed into the element with that id; while empty, its first text returns.
export function previewField(input) {
  const output = input.dataset?.preview && document.getElementById(input.dataset.preview);
  if (!output) return;
  output.dataset.placeholder ??= output.textContent;
  output.textContent = input.value.trim().toLowerCase() || output.dataset.placeholder;
}
