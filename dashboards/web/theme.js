// @ts-check
// Runs before the page is drawn, so that the chosen theme is there at once.
document.documentElement.classList.add("js");
try {
  const kept = localStorage.getItem("theme");
  if (kept === "light" || kept === "dark") document.documentElement.dataset.theme = kept;
} catch {
  // A browser that keeps nothing for this page shows the system's theme.
}
