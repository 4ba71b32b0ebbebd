// Asking the gateway. What goes wrong comes back as words for people.

const PROOF = "failsoft-proof";

/** Why an answer did not come, and whether somebody must log in first. */
export class Refused extends Error {
  constructor(words, status) {
    super(words);
    this.status = status;
  }
}

async function ask(path, options) {
  let response;
  let body;
  try {
    response = await fetch(path, { credentials: "same-origin", redirect: "error", ...options });
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error; // who takes a question back wants no answer
    if (!response || response.ok) throw new Refused("The gateway does not answer. Is it still running?", 0);
  }
  if (!response.ok) throw new Refused(sentence(body?.error ?? `The gateway answered ${response.status}`), response.status);
  return body;
}

export const read = (path, signal) => ask(path, { signal });

/** Asks for a change, with the proof this browser was given when it came in. */
export function change(path, body = {}) {
  const headers = { "content-type": "application/json", "x-failsoft-csrf": localStorage.getItem(PROOF) ?? "" };
  return ask(path, { method: "POST", headers, body: JSON.stringify(body) });
}

export async function logIn(token) {
  const opened = await change("/api/session", { token });
  localStorage.setItem(PROOF, opened.proof);
  return opened;
}

export async function logOut() {
  await change("/api/session/end");
  localStorage.removeItem(PROOF);
}

function sentence(words) {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}${/[.?!]$/.test(words) ? "" : "."}`;
}
