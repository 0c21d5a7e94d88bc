const THEMES = ["auto", "light", "dark"] as const;
const NAME = "orchestrator-theme";

/** What the page looks like; `auto` goes by the system. */
export type Theme = (typeof THEMES)[number];

/** The theme that was chosen last, worn. */
export function themeOf(): Theme {
  try {
    return wear(THEMES.find((one) => one === localStorage.getItem(NAME)) ?? "auto");
  } catch {
    return "auto";
  }
}

/** The theme after this one. */
export function nextTheme(theme: Theme): Theme {
  return THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length]!;
}

/** Wear a theme, here and at the next visit. */
export function wear(theme: Theme): Theme {
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem(NAME, theme);
  } catch {
    // A browser that keeps nothing: it lasts until the page is left.
  }
  return theme;
}
