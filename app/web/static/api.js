// The service's REST calls: JSON in, JSON out, every refusal a Problem.

export class Problem extends Error {
  /** `problem` is RFC 9457's object; `code` 0 means that no answer came. */
  constructor(code, problem = {}) {
    super(problem.detail || problem.title || (code ? `The service answered ${code}.` : "The service cannot be reached."));
    this.code = code;
    this.errors = Array.isArray(problem.errors) ? problem.errors : [];
  }
}

export async function call(method, path, { body, headers = {}, signal } = {}) {
  const options = { method, headers: { Accept: "application/json", ...headers }, signal };
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0);
  }
  const found = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (answer.ok) return found;
  throw new Problem(answer.status, found);
}

export const jobPath = (id) => `/v1/jobs/${encodeURIComponent(id)}`;

/** 128 random bits as hex; `crypto.randomUUID` is missing where the page is not served over TLS or from localhost. */
export function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Sends `file` as the raw body; `onFraction(0..1)` as it goes; `signal` ends it. Resolves to the file's record. */
export function upload(file, { onFraction, signal }) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/v1/files?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", file.type || "application/octet-stream");
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onFraction(event.loaded / event.total);
    request.onload = () =>
      request.status === 201 ? resolve(request.response) : reject(new Problem(request.status, request.response ?? {}));
    request.onerror = () => reject(new Problem(0));
    request.onabort = () => reject(new DOMException("The upload was stopped.", "AbortError"));
    signal.addEventListener("abort", () => request.abort());
    request.send(file);
  });
}
