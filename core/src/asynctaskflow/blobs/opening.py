"""Opens the blob store that a deployment names: Redis unless a URL says otherwise."""

from asynctaskflow.blobs.port import BlobStore
from asynctaskflow.blobs.redis_blobs import SCHEME as REDIS
from asynctaskflow.blobs.redis_blobs import RedisBlobs
from asynctaskflow.blobs.routed_blobs import RoutedBlobs
from asynctaskflow.clock import Clock
from asynctaskflow.store.connection import AsyncRedis


def open_blobs(client: AsyncRedis, *, url: str, clock: Clock) -> BlobStore:
    """The store of the queue's Redis, or with ``s3://bucket/prefix?endpoint=…&region=…`` an S3-compatible one.

    Args:
        url: empty for Redis. Blobs in Redis stay readable either way.

    Raises:
        ValueError: the URL is not understood, or the extra ``s3`` is not installed.
    """
    redis_blobs = RedisBlobs(client)
    if not url:
        return redis_blobs
    try:
        from asynctaskflow.blobs import s3_blobs  # noqa: PLC0415 - an optional extra
    except ImportError as error:
        raise ValueError("blob URL: install asynctaskflow[s3] to use s3://") from error
    store = s3_blobs.S3Blobs(s3_blobs.s3_store(url), clock)
    return RoutedBlobs({REDIS: redis_blobs, s3_blobs.SCHEME: store}, write=s3_blobs.SCHEME)
