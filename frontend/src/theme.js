const YEAR_SECONDS = 365 * 24 * 60 * 60;

// The cookie is read by the server (config.context), so the next page arrives in the right colours.
export function rememberTheme() {
  const root = document.documentElement;
  const systemIsDark = window.matchMedia("(prefers-color-scheme: dark)").matches;
  const current = root.dataset.theme ?? (systemIsDark ? "shop-dark" : "shop");
  const next = current === "shop" ? "shop-dark" : "shop";
  root.dataset.theme = next;
  for (const source of document.querySelectorAll("source[data-dark]")) {
    source.media = next === "shop-dark" ? "all" : "not all";
  }
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `theme=${next}; Path=/; Max-Age=${YEAR_SECONDS}; SameSite=Lax${secure}`;
}
