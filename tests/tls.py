"""TLS proxies in front of servers without TLS."""

import ipaddress
import socket
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kombu import pools


@dataclass(frozen=True)
class Certificate:
    """A self-signed certificate and its key, as files."""

    file: Path
    key: Path


def certificate(folder: Path, name: str, *, for_loopback: bool) -> Certificate:
    """Create a certificate for 127.0.0.1, or for another host."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    day = datetime.now(UTC)  # noqa: TID251 -- a certificate is valid by the real clock
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(day - timedelta(days=1))
        .not_valid_after(day + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([address if for_loopback else x509.DNSName("elsewhere.example")]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    files = Certificate(folder / f"{name}.pem", folder / f"{name}.key")
    files.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files.key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


class TlsProxy:
    """Terminates TLS, forwards plain text and records what clients send. `refused`: failed handshakes."""

    def __init__(self, url: str, own: Certificate, *, asks_for: Certificate | None = None) -> None:
        parts = urlsplit(url)
        self._behind = (parts.hostname, parts.port)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(own.file, own.key)
        if asks_for is not None:
            self._context.verify_mode = ssl.CERT_REQUIRED
            self._context.load_verify_locations(asks_for.file)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.url = f"rediss://{parts.netloc.rpartition('@')[0]}@127.0.0.1:{self.port}/0"
        self.said = b""
        self.refused = 0
        self._ends: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._run(self._accept)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Kombu keeps connections by host and port: the next server on this port would be asked with the
        # certificates of this one.
        pools.reset()  # type: ignore[no-untyped-call]  # Kombu ships no types
        for end in (self._listener, *self._ends):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()
        for end in (self._listener, *self._ends):
            end.close()

    def _run(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)  # type: ignore[arg-type]  # a method
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                self._run(self._serve, self._listener.accept()[0])

    def _serve(self, raw: socket.socket) -> None:
        raw.settimeout(10)
        try:
            self._agree(raw)
            front = self._context.wrap_socket(raw, server_side=True)
        except OSError:
            self.refused += 1
            raw.close()
            return
        front.settimeout(None)
        back = socket.create_connection(self._behind)
        self._ends += [front, back]
        self._run(self._pump, back, front)
        self._pump(front, back)

    def _agree(self, raw: socket.socket) -> None:
        """Exchange what comes before TLS."""

    def _pump(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while said := source.recv(1 << 16):
                if isinstance(source, ssl.SSLSocket):
                    self.said += said
                target.sendall(said)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


class PostgresTlsProxy(TlsProxy):
    """The same in front of a Postgres, whose clients first ask whether it speaks TLS."""

    def _agree(self, raw: socket.socket) -> None:
        raw.recv(8, socket.MSG_WAITALL)  # SSLRequest
        raw.sendall(b"S")
