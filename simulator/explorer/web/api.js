// Questions to the run. Addresses are relative to the page's own, which holds the token.

export class Refused extends Error {
  constructor(message, notes, status) {
    super(message);
    this.notes = notes;
    this.status = status;
  }
}

export async function ask(path, params = {}, signal = undefined) {
  const wanted = Object.entries(params).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(wanted).toString();
  let answer;
  try {
    answer = await fetch(`api/${path.map(encodeURIComponent).join("/")}${query ? `?${query}` : ""}`, { signal });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("The page's server does not answer: is 'sixhop explore' still running?", [], 0);
  }
  const body = await answer.json().catch(() => null);
  if (!answer.ok || body === null) {
    throw new Refused(body?.error || `The server answered ${answer.status}.`, body?.notes || [], answer.status);
  }
  return body;
}
