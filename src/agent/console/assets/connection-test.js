// The connection test: sends the form as it stands and shows what was found, without leaving the page.

const words = { ok: 'OK', warning: 'Warning', failed: 'Failed', unknown: 'Unknown' };
const form = document.getElementById('step-form');
const button = document.getElementById('test');
const result = document.getElementById('test-result');

button?.addEventListener('click', () => void test());

async function test() {
  // The button keeps the focus: it is not disabled, a second press is just not taken.
  if (button.getAttribute('aria-disabled') === 'true') return;
  button.setAttribute('aria-disabled', 'true');
  result.replaceChildren(paragraph('Testing the connection…', 'note unknown'));
  try {
    const answer = await fetch(`/console/drafts/${form.dataset.draft}/test`, {
      method: 'POST',
      headers: { Accept: 'application/json' },
      body: new URLSearchParams(new FormData(form)),
    });
    const said = await answer.json();
    if (answer.ok) result.replaceChildren(...shown(said));
    else result.replaceChildren(paragraph(said.error, 'note failed'));
  } catch {
    result.replaceChildren(paragraph('The gateway does not answer.', 'note failed'));
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

// What was tested is not what stands there any more.
form?.addEventListener('input', () => result.replaceChildren());

function shown({ checks, tone, summary, time }) {
  const head = paragraph(`${summary} `, `note ${tone}`);
  const when = document.createElement('span');
  when.className = 'sub';
  when.textContent = `Tested at ${time}.`;
  head.append(when);
  const list = document.createElement('ul');
  list.className = 'checks';
  for (const { subject, state, message, remedy } of checks) {
    const item = document.createElement('li');
    item.className = state;
    const name = document.createElement('strong');
    name.textContent = subject;
    const word = document.createElement('span');
    word.className = 'state';
    word.textContent = words[state];
    item.append(name, ' ', word, paragraph(`${message}.`));
    if (remedy) item.append(paragraph(`${capital(remedy)}.`, 'remedy'));
    list.append(item);
  }
  return [head, list];
}

function paragraph(text, className) {
  const made = document.createElement('p');
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function capital(text) {
  return /^(kubectl|mcp-connector)\b/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}
