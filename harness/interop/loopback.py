"""A model hub on loopback with one repository, enough of the protocol for theriac and huggingface_hub."""
import hashlib
import http.server
import json
import threading


class Hub:
    """Serves files (name to bytes) as REPOSITORY at .address while the context lasts."""

    def __init__(self, repository, files):
        commit = hashlib.sha1(repository.encode()).hexdigest()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def answer(self, body, **headers):
                self.send_response(200)
                for k, v in headers.items():
                    self.send_header(k.replace("_", "-"), v)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(body)

            def do_GET(self):
                for revision in ("main", commit):
                    if self.path.split("?")[0] == f"/api/models/{repository}/revision/{revision}":
                        about = {"id": repository, "modelId": repository, "sha": commit, "siblings": [{"rfilename": n} for n in files], "private": False, "tags": [], "downloads": 0}
                        return self.answer(json.dumps(about).encode(), Content_Type="application/json", X_Repo_Commit=commit)
                    at = f"/{repository}/resolve/{revision}/"
                    name = self.path[len(at):].split("?")[0]
                    if self.path.startswith(at) and name in files:
                        data = files[name]
                        if name.endswith(".safetensors"):
                            tag = hashlib.sha256(data).hexdigest()
                            return self.answer(data, ETag=f'"{tag}"', X_Linked_Etag=f'"{tag}"', X_Linked_Size=str(len(data)), X_Repo_Commit=commit)
                        tag = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
                        return self.answer(data, ETag=f'"{tag}"', X_Repo_Commit=commit)
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_HEAD = do_GET

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = "http://127.0.0.1:%d" % self.server.server_port

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
