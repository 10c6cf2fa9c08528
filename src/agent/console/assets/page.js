// What every page has: the switch of the theme, the focus after a form, buttons that copy.

const themes = ['system', 'light', 'dark'];
const root = document.documentElement;
const button = document.getElementById('theme');
const themeName = document.getElementById('theme-name');

if (button && themeName) {
  themeName.textContent = root.dataset.theme ?? 'system';
  button.hidden = false;
  button.addEventListener('click', () => {
    const next = themes[(themes.indexOf(root.dataset.theme ?? 'system') + 1) % themes.length];
    if (next === 'system') delete root.dataset.theme;
    else root.dataset.theme = next;
    themeName.textContent = next;
    try {
      if (next === 'system') localStorage.removeItem('theme');
      else localStorage.setItem('theme', next);
    } catch {
      // It lasts until the next page, then.
    }
    announce(`Theme: ${next}`);
  });
}

// What a form has led to is said first, to those who hear pages as well.
document.querySelector('[data-focus]')?.focus();

for (const copier of document.querySelectorAll('button[data-copy]')) {
  copier.hidden = false;
  copier.addEventListener('click', () => void copy(copier, document.getElementById(copier.dataset.copy)));
}

async function copy(copier, source) {
  const label = [...copier.childNodes];
  const say = (done, spoken) => {
    copier.replaceChildren(done);
    announce(spoken);
  };
  try {
    await navigator.clipboard.writeText(source.textContent);
    say('Copied', 'Copied');
  } catch {
    // No clipboard without TLS: what is to be copied is selected instead.
    getSelection()?.selectAllChildren(source);
    say('Selected', 'Selected: copy it with the keys of your system');
  }
  setTimeout(() => copier.replaceChildren(...label), 2000);
}

/** For those who hear pages. */
export function announce(text) {
  const live = document.getElementById('live');
  if (live) live.textContent = text;
}
