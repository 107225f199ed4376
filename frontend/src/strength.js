// <input type=password data-strength="some-id"> says in the element with that id how hard the password is to guess. The
// words are that element's data-short, data-weak, data-fair, data-strong; the server decides what is accepted.
export function judgePassword(input) {
  const output = input.dataset?.strength && document.getElementById(input.dataset.strength);
  if (!output) return;
  const verdict = output.dataset[judge(input.value)] ?? "";
  if (output.textContent !== verdict) output.textContent = verdict;
}

function judge(password) {
  if (!password) return "empty";
  if (password.length < 8) return "short";
  const kinds = [/\p{Ll}/u, /\p{Lu}/u, /\d/, /[^\p{L}\d]/u].filter((kind) => kind.test(password)).length;
  const different = new Set(password).size;
  const points = Math.min(password.length, 20) / 4 + kinds + different / 4;
  if (/^\d+$/.test(password) || different < 5 || points < 5.5) return "weak";
  return points < 8.5 ? "fair" : "strong";
}
