"""Take pictures of built pages, as a desktop and as a phone shows them.

Usage, after ``make book``::

    python tools/look.py chapters/01-sequences --out /tmp/look
    python tools/look.py all --width 390 --out /tmp/look

Every page is photographed whole, in pieces of at most ``--piece`` pixels, into files
such as ``chapters-01-sequences.390.02.png``. Needs a Chromium or Chrome on the PATH (or
in the variable CHROMIUM); it is a help for authors and no part of the tests. At the end
it lists what the pages asked of other hosts: that list must be empty.
"""

from __future__ import annotations

import argparse
import functools
import http.server
import os
import re
import shutil
import socketserver
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"),
    *("--no-first-run", "--disable-background-networking", "--disable-sync"),
    *("--disable-component-update", "--hide-scrollbars", "--mute-audio"),
    *("--force-device-scale-factor=1", "--disable-extensions"),
]
BROWSERS_OWN = {  # asked by Chromium for itself, whatever the page
    "accounts.google.com",
    "clients2.google.com",
    "content-autofill.googleapis.com",
    "optimizationguide-pa.googleapis.com",
    "update.googleapis.com",
}
TALLEST = 12_000  # pixels of one photograph; Chromium refuses much more
FRAME = """<!doctype html><meta charset="utf-8"><title>0</title>
<style>html,body{{margin:0;overflow:hidden}}iframe{{border:0;display:block;
width:{width}px;height:{height}px;margin-top:-{top}px}}</style>
<iframe id="f" src="/{page}.html"></iframe>
<script>
const frame = document.getElementById("f");
frame.addEventListener("load", () => setInterval(() => {{
  const page = frame.contentDocument.documentElement;
  document.title = page.scrollHeight + " " + page.scrollWidth;
}}, 200));
</script>
"""


def main() -> None:
    """Read the command line, photograph, and report requests to other hosts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("pages", nargs="+", help="page names without .html, or all")
    parser.add_argument("--out", type=Path, required=True, help="folder for pictures")
    parser.add_argument("--width", type=int, action="append", help="default 1280, 390")
    parser.add_argument("--piece", type=int, default=2000, help="pixels of one picture")
    parser.add_argument("--book", type=Path, default=ROOT / "_build" / "html")
    options = parser.parse_args()
    chromium = os.environ.get("CHROMIUM") or next(
        filter(
            None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
        ),
        None,
    )
    if chromium is None:
        print("No Chromium on the PATH: set CHROMIUM=/path/to/it.", file=sys.stderr)
        raise SystemExit(1)
    pages = options.pages
    if pages == ["all"]:
        skipped = {"genindex", "search", "py-modindex"}
        pages = [
            path.relative_to(options.book).with_suffix("").as_posix()
            for path in sorted(options.book.rglob("*.html"))
            if "_static" not in path.parts and path.stem not in skipped
        ]
    options.out.mkdir(parents=True, exist_ok=True)
    asked: set[str] = set()
    with _serve(options.book, asked) as (port, proxy):
        for page in pages:
            page = page.removesuffix(".html")
            if not (options.book / f"{page}.html").is_file():
                print(f"There is no page {page}: build the book first.")
                continue
            for width in options.width or [1280, 390]:
                shot = _Camera(chromium, port, proxy, page, width)
                files, wide = shot.take(options.out, options.piece)
                print(f"{page} at {width}: {len(files)} pictures in {options.out}")
                if wide > width:
                    print(
                        f"  NOTE: the page is {wide} pixels wide, it scrolls sideways"
                    )
    asked -= BROWSERS_OWN
    print("Other hosts asked:", ", ".join(sorted(asked)) or "none")


class _Camera:
    """One page at one width."""

    def __init__(self, chromium: str, port: int, proxy: int, page: str, width: int):
        self.chromium, self.port, self.proxy = chromium, port, proxy
        self.page, self.width = page, width

    def take(self, folder: Path, piece: int) -> tuple[list[Path], int]:
        """Return the files written and the page's own width."""
        from PIL import Image

        dom = self._chromium("--dump-dom", top=0, height=2_000)
        found = re.search(r"<title>(\d+) (\d+)</title>", dom)
        height, wide = (int(found[1]), int(found[2])) if found else (4_000, self.width)
        name = self.page.replace("/", "-")
        for old in folder.glob(f"{name}.{self.width}.*.png"):
            old.unlink()
        files: list[Path] = []
        for top in range(0, height, TALLEST):
            tall = min(TALLEST, height - top)
            whole = folder / "whole.png"
            self._chromium(
                f"--screenshot={whole}",
                f"--window-size={max(self.width, 500)},{tall}",
                top=top,
                height=height,
            )
            image = Image.open(whole)
            for start in range(0, tall, piece):
                box = (0, start, self.width, min(start + piece, tall))
                files.append(folder / f"{name}.{self.width}.{len(files) + 1:02d}.png")
                image.crop(box).save(files[-1])
            whole.unlink()
        return files, wide

    def _chromium(self, *flags: str, top: int, height: int) -> str:
        frame = FRAME.format(page=self.page, width=self.width, top=top, height=height)
        _Handler.frame = frame.encode()
        with tempfile.TemporaryDirectory(prefix="look-") as profile:
            done = subprocess.run(
                [
                    *(self.chromium, *FLAGS, f"--user-data-dir={profile}"),
                    *("--window-size=1280,2000", *flags),
                    f"--proxy-server=http://127.0.0.1:{self.proxy}",
                    *("--virtual-time-budget=15000", "--timeout=60000"),
                    f"http://127.0.0.1:{self.port}/look-frame",
                ],
                capture_output=True,
                check=False,
                timeout=180,
            )
        return done.stdout.decode(errors="replace")


class _Handler(http.server.SimpleHTTPRequestHandler):
    frame = b""

    def do_GET(self) -> None:
        """Answer the frame, else a file of the book."""
        if self.path != "/look-frame":
            super().do_GET()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.frame)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _Refusing(http.server.BaseHTTPRequestHandler):
    """A proxy that refuses everything and notes who was asked for."""

    asked: set[str] = set()

    def _refuse(self) -> None:
        host = re.sub(r"^https?://", "", self.path).split("/")[0].rsplit(":", 1)[0]
        self.asked.add(host)
        self.send_error(403)

    do_GET = do_POST = do_CONNECT = do_HEAD = _refuse

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class _serve:
    """Serve the book and the refusing proxy while the block runs."""

    def __init__(self, book: Path, asked: set[str]) -> None:
        _Refusing.asked = asked
        handler = functools.partial(_Handler, directory=str(book))
        self.servers = [
            socketserver.ThreadingTCPServer(("127.0.0.1", 0), kind)
            for kind in (handler, _Refusing)
        ]

    def __enter__(self) -> tuple[int, int]:
        for server in self.servers:
            server.daemon_threads = True
            threading.Thread(target=server.serve_forever, daemon=True).start()
        return self.servers[0].server_address[1], self.servers[1].server_address[1]

    def __exit__(self, *_: object) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()


if __name__ == "__main__":
    main()
