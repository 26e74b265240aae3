# Two images from one file:
#   docker build --target api    -t clr-service-api .      the API and the migrations; no torch, about 0.4 GB
#   docker build --target worker -t clr-service-worker .   trains, on NVIDIA GPUs where the host hands them in, else on CPU
#
# Both start from the plain Python image. torch's wheel for Linux on x86-64 brings the CUDA runtime, cuDNN and NCCL
# along, and the driver comes from the host, so that a CUDA base image would only hold the same libraries twice.
# constraints.txt pins torch 2.13.0 for CPU and GPU alike. Another build of it (CPU only, another CUDA version):
#   docker build --build-arg PIP_EXTRA_INDEX_URL=…  or  --build-arg PIP_INDEX_URL=…
FROM python:3.11-slim-bookworm AS base

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_ROOT_USER_ACTION=ignore \
    MPLCONFIGDIR=/tmp/matplotlib \
    CLR_DATA_DIR=/var/lib/clr

# A volume that is mounted here for the first time takes over the owner of the folder, so both images have the same user.
RUN groupadd --system --gid 10001 clr \
    && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent clr \
    && install -d -o clr -g clr -m 0700 /var/lib/clr /var/lib/clr/datasets

WORKDIR /src

# What the two images install: `dependencies` of the three projects, and the extra `worker`. Listed by a step of its own,
# so that a change of our code does not install gigabytes again.
FROM base AS requirements
COPY pyproject.toml ./
COPY packaging packaging
RUN python - <<'LIST'
import tomllib
from pathlib import Path

def project(folder: str) -> dict:
    return tomllib.loads((Path(folder) / "pyproject.toml").read_text())["project"]

service, client, core = project("."), project("packaging/clr-client"), project("packaging/clr-core")
ours = ("clr-client", "clr-core")
listed = [*service["dependencies"], *client["dependencies"], *client["optional-dependencies"]["cli"], *core["dependencies"]]
Path("api.txt").write_text("\n".join(each for each in listed if not each.startswith(ours)))
Path("worker.txt").write_text("\n".join(service["optional-dependencies"]["worker"]))
LIST

FROM base AS source
COPY pyproject.toml README.md LICENSE ./
COPY packaging packaging
COPY api api
COPY clr_cli clr_cli
COPY clr_client clr_client
COPY local_stack local_stack
COPY clr_core clr_core
COPY jobs jobs
COPY migrations migrations
COPY worker worker

FROM base AS api
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
COPY constraints.txt ./
COPY --from=requirements /src/api.txt ./
RUN pip install -c constraints.txt -r api.txt
COPY --from=source /src ./
RUN pip install --no-deps ./packaging/clr-core ./packaging/clr-client . && rm -rf /src/*
WORKDIR /var/lib/clr
USER clr
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
CMD ["python", "-m", "api", "--host", "0.0.0.0", "--port", "8000"]

FROM base AS worker
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
# What the NVIDIA container runtime reads; without that runtime they mean nothing.
ENV NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility
COPY constraints.txt ./
COPY --from=requirements /src/api.txt /src/worker.txt ./
RUN pip install -c constraints.txt -r api.txt -r worker.txt
COPY --from=source /src ./
RUN pip install --no-deps ./packaging/clr-core ./packaging/clr-client . && rm -rf /src/*
WORKDIR /var/lib/clr
USER clr
# Healthy: a worker of this host beats in the database.
HEALTHCHECK --interval=20s --timeout=10s --start-period=60s \
    CMD ["python", "-c", "import socket, sys\nfrom jobs.database.session import Database\nfrom jobs.database.queries import live_workers\nfrom jobs.config.settings import Settings\nwith Database(Settings().sql_url).read() as session: sys.exit(socket.gethostname() not in [worker.host for worker in live_workers(session)])"]
# SIGTERM hands running jobs back to the queue, with their last checkpoint.
STOPSIGNAL SIGTERM
CMD ["python", "-m", "worker"]
