// Keeps the table current. Everything from devices goes in as text, never as HTML.
const cell = (row, index, text) => {
  const { cells } = row;
  if (cells[index].textContent !== text) cells[index].textContent = text;
};

const events = new EventSource('/events');
events.onmessage = ({ data }) => {
  const { id, online, version, update, log } = JSON.parse(data);
  const row = document.getElementById(`device-${id}`);
  // A device that is new here: the server writes its row.
  if (row === null) return location.reload();
  cell(row, 1, online ? 'online' : 'offline');
  cell(row, 2, version ?? '–');
  cell(row, 3, update ?? '–');
  row.querySelector('pre').textContent = log.join('\n');
};

document.addEventListener('submit', async (submit) => {
  submit.preventDefault();
  const form = submit.target;
  const button = form.querySelector('button');
  button.disabled = true;
  try {
    const response = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)) });
    alert(await response.text());
  } catch {
    alert('The server cannot be reached.');
  } finally {
    button.disabled = false;
  }
});
