"""Reads images from the local registry, as AWS Lambda does from ECR."""

import io
import json
import os
import ssl
import tarfile
import urllib.error
import urllib.request

ACCEPT = "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"


def _get(host, path, method="GET"):
    # The authority of the rehearsal, which signed the registry's certificate too.
    context = ssl.create_default_context(cafile=os.environ["REHEARSAL_CA"])
    request = urllib.request.Request(f"https://{host}/v2/{path}", headers={"Accept": ACCEPT}, method=method)
    return urllib.request.urlopen(request, context=context, timeout=30)


def digest(host, name, reference):
    """The digest of a tag or digest, or None if the registry has no such image."""
    try:
        with _get(host, f"{name}/manifests/{reference}", "HEAD") as answer:
            return answer.headers["Docker-Content-Digest"]
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def unpack(host, name, image_digest, folder):
    """Writes an image's files into a folder and returns its configuration."""
    with _get(host, f"{name}/manifests/{image_digest}") as answer:
        manifest = json.load(answer)
    for layer in manifest["layers"]:
        with _get(host, f"{name}/blobs/{layer['digest']}") as answer:
            with tarfile.open(fileobj=io.BytesIO(answer.read())) as archive:
                archive.extractall(folder)
    with _get(host, f"{name}/blobs/{manifest['config']['digest']}") as answer:
        return json.load(answer)["config"]
