# Prints which modules Tahoe-LAFS needs to start and cannot find, as KEY=VALUE lines. Nothing of Tahoe is imported,
# and nothing else that an interpreter has not loaded already, unless something is missing: it runs at every probe.
import os, sys
sys.path[:] = [p for p in sys.path if p]  # not the current directory: `tahoe` does not look there

# What `tahoe run` imports (1.20.0); taken away one by one, each of these stops it.
NEEDED = """attr attrs autobahn cbor2 cgi collections_extended cryptography eliot filelock foolscap hyperlink klein
netifaces OpenSSL psutil pycddl pyrsistent pyutil six treq twisted typing_extensions werkzeug wormhole yaml
zfec zope""".split()

def find(name):
    for finder in sys.meta_path:
        spec = finder.find_spec(name, None)
        if spec is not None:
            return spec
    return None

def imported(folder, names):
    """Those of names that this Tahoe really imports: other versions need other modules."""
    import re
    line = re.compile(rb"^[ \t]*(?:from|import)[ \t]+(" + "|".join(names).encode() + rb")\b", re.M)
    found = set()
    for where, folders, files in os.walk(folder):
        folders[:] = [f for f in folders if f != "test"]
        for name in files:
            if name.endswith(".py"):
                with open(os.path.join(where, name), "rb") as f:
                    found.update(m.decode() for m in line.findall(f.read()))
    return [n for n in names if n in found]

def version(folder):
    try:  # Debian's package has no metadata; Tahoe's own file does.
        with open(os.path.join(folder, "_version.py")) as f:
            for line in f:
                if line.startswith("__version__ "):
                    return line.split("=")[-1].strip().strip("'\"")
    except OSError:
        pass
    try:
        from importlib.metadata import version
        return version("tahoe-lafs")
    except Exception:
        return ""

tahoe = find("allmydata")
folder = tahoe and os.path.dirname(tahoe.origin or "")
missing = [n for n in NEEDED if find(n) is None] if folder else ["allmydata"]
if folder and missing:
    missing = imported(folder, missing)
print("version=" + (version(folder) if folder else ""))
print("missing=" + " ".join(missing))
print("tor=" + ("yes" if find("txtorcon") else "no"))
print("i2p=" + ("yes" if find("txi2p") else "no"))
