// Live calls: server-sent events into a table, newest first, bounded, and still while it is paused.

const maxRows = 200;
const outcomes = {
  done: ['ok', 'Done'],
  refused: ['warning', 'Refused'],
  failed: ['failed', 'Failed'],
  confirmation_required: ['unknown', 'To be confirmed'],
};

for (const area of document.querySelectorAll('.calls')) start(area);

function start(area) {
  const { server } = area.dataset;
  const body = area.querySelector('tbody');
  const state = area.querySelector('.state');
  const pause = area.querySelector('.pause');
  let waiting = [];
  let isPaused = false;
  let total = 0;

  const source = new EventSource(
    `/console/calls/stream${server === '' ? '' : `?server=${encodeURIComponent(server)}`}`,
  );
  source.addEventListener('open', () => say());
  source.addEventListener('message', ({ data }) => {
    total += 1;
    const record = JSON.parse(data);
    if (!isPaused) show(record);
    else {
      waiting.push(record);
      if (waiting.length > maxRows) waiting.shift();
    }
    say();
  });
  source.addEventListener('error', () => {
    state.textContent =
      source.readyState === EventSource.CLOSED
        ? 'The gateway does not send calls. Load the page again.'
        : 'The connection was lost. Trying again…';
  });
  source.addEventListener('signed-out', () => {
    source.close();
    state.replaceChildren('You are signed out. ', link('/console/sign-in', 'Sign in again'));
  });
  addEventListener('pagehide', () => source.close());

  pause.addEventListener('click', () => {
    isPaused = !isPaused;
    pause.setAttribute('aria-pressed', String(isPaused));
    pause.textContent = isPaused ? 'Go on' : 'Pause';
    if (!isPaused) {
      for (const record of waiting) show(record);
      waiting = [];
    }
    say();
  });

  // Not each call: who hears the page would hear nothing else.
  let timer;
  function say() {
    timer ??= setTimeout(() => {
      timer = undefined;
      const calls = total === 1 ? 'One call' : `${total} calls`;
      state.textContent = isPaused
        ? `Paused, with ${waiting.length} more waiting.`
        : total === 0
          ? 'Connected. Waiting for the first call.'
          : `${calls} since this page was opened, or shortly before.`;
    }, 300);
  }

  function show(record) {
    body.querySelector('.none')?.remove();
    const row = document.createElement('tr');
    const [tone, label] = outcomes[record.outcome] ?? ['unknown', record.outcome];
    const tool = document.createElement('th');
    tool.scope = 'row';
    tool.append(code(record.tool), sub(argumentsOf(record)));
    const result = document.createElement('td');
    const badge = document.createElement('span');
    badge.className = `badge ${tone}`;
    badge.textContent = label;
    result.append(badge);
    if (record.code) result.append(sub(record.code));
    for (const write of record.writes ?? []) result.append(sub(write));
    row.append(cell(clock(record.time)), tool);
    if (server === '') row.append(cell(record.server));
    row.append(cell(record.caller), result, cell(`${Math.round(record.durationMs)} ms`, 'number'));
    body.prepend(row);
    while (body.rows.length > maxRows) body.rows[body.rows.length - 1].remove();
  }
}

function cell(text, className) {
  const made = document.createElement('td');
  made.textContent = text;
  if (className) made.className = className;
  return made;
}

function code(text) {
  const made = document.createElement('code');
  made.textContent = text;
  return made;
}

function sub(text) {
  const made = document.createElement('span');
  made.className = 'sub';
  made.textContent = text;
  return made;
}

function link(href, text) {
  const made = document.createElement('a');
  made.href = href;
  made.textContent = text;
  return made;
}

function argumentsOf({ arguments: given = {} }) {
  const text = Object.entries(given)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');
  return text.length > 160 ? `${text.slice(0, 159)}…` : text;
}

function clock(time) {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? time : at.toLocaleTimeString('en-GB');
}
