"""Small servers on loopback that answer as CompreFace and Immich are documented to, and some that do not."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

KEY = "a-key-that-nobody-may-see"


class Answers:
    """What a server says to a path: bytes, something for JSON, a number for an error, or a callable on the handler."""

    def __init__(self):
        self.asked = []
        self.paths = {}

    def answer(self, handler, path, query, body):
        self.asked.append((path, handler.headers.get("x-api-key")))
        found = self.paths.get(path, 404)
        return found(query, body) if callable(found) else found


@contextlib.contextmanager
def serving(answers):
    """Serve in a thread of this process; yields the address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            said = answers.answer(self, parts.path, query, body)
            if said is None:  # it dies in the middle of an answer
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
                self.wfile.write(b"half")
                return
            if isinstance(said, int):
                self.send_error(said)
                return
            if isinstance(said, tuple):
                self.send_response(said[0])
                self.send_header("Location", said[1])
                self.end_headers()
                return
            content = said if isinstance(said, bytes) else json.dumps(said).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class CompreFaceAnswers(Answers):
    """A CompreFace with examples of people; two on a page, whatever is asked for."""

    def __init__(self, examples):
        super().__init__()
        self.examples = [(f"6b135f5b-a365-4522-b1f1-{n:012d}", name, path) for n, (name, path) in enumerate(examples)]
        self.paths["/api/v1/recognition/faces"] = self.page
        for ident, _, path in self.examples:
            self.paths[f"/api/v1/recognition/faces/{ident}/img"] = path.read_bytes()

    def answer(self, handler, path, query, body):
        said = super().answer(handler, path, query, body)
        return said if handler.headers.get("x-api-key") == KEY or path == "/api/server/ping" else 401

    def page(self, query, body):
        page, pages = int(query["page"]), -(-len(self.examples) // 2)
        faces = [{"image_id": ident, "subject": name} for ident, name, _ in self.examples[2 * page : 2 * page + 2]]
        total = len(self.examples)
        return {"faces": faces, "page_number": page, "page_size": 2, "total_pages": pages, "total_elements": total}


class ImmichAnswers(Answers):
    """An Immich: people on pages of one, photographs on pages of two, each with a box for each face in it."""

    def __init__(self, people, assets):
        """People by id: their name; assets by id: the JPEG, its size, and the box of each person in it."""
        super().__init__()
        self.people, self.assets = people, assets
        self.paths |= {
            "/api/server/ping": {"res": "pong"},
            "/api/people": self.page_of_people,
            "/api/search/metadata": self.search,
            "/api/faces": self.faces,
        }
        for ident, (jpeg, _, _) in assets.items():
            self.paths[f"/api/assets/{ident}/thumbnail"] = lambda query, body, jpeg=jpeg: (
                jpeg if query == {"size": "preview"} else 400
            )

    def answer(self, handler, path, query, body):
        said = super().answer(handler, path, query, body)
        return said if handler.headers.get("x-api-key") == KEY or path == "/api/server/ping" else 401

    def page_of_people(self, query, body):
        number = int(query["page"]) - 1
        found = list(self.people.items())
        people = [{"id": ident, "name": name, "isHidden": False} for ident, name in found[number : number + 1]]
        return {"people": people, "total": len(found), "hidden": 0, "hasNextPage": number + 1 < len(found)}

    def search(self, query, body):
        (person,), page = body["personIds"], body["page"]
        own = [ident for ident, (_, _, boxes) in self.assets.items() if person in boxes]
        items = [
            {"id": ident, "type": "IMAGE", "fileCreatedAt": "2024-05-06T07:08:09.000Z"}
            for ident in own[2 * page - 2 : 2 * page]
        ]
        following = str(page + 1) if 2 * page < len(own) else None
        return {"assets": {"items": items, "count": len(items), "total": len(own), "nextPage": following}}

    def faces(self, query, body):
        _, (width, height), boxes = self.assets[query["id"]]
        return [
            {
                "id": f"face-{person}", "imageWidth": width, "imageHeight": height, "boundingBoxX1": x1,
                "boundingBoxY1": y1, "boundingBoxX2": x2, "boundingBoxY2": y2,
                "person": {"id": person, "name": self.people[person]}, "sourceType": "machine-learning",
            }
            for person, (x1, y1, x2, y2) in boxes.items()
        ]  # fmt: skip
