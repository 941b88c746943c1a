"""A worker's loop may read a subscription that has nothing to say."""

from threading import Thread

import redis
from celery import Celery

from worker import broker
from worker.broker import BoundedPubSub


def test_reading_a_silent_subscription_ends(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        subscription = BoundedPubSub(client.connection_pool)
        subscription.subscribe("news")
        assert subscription.parse_response()[0] == "subscribe"
        answers: list[object] = []
        reader = Thread(target=lambda: answers.append(subscription.parse_response()), daemon=True)
        reader.start()
        reader.join(30)
        assert answers == [None]
        client.publish("news", "hello")
        assert subscription.parse_response()[-1] == "hello"
        subscription.close()


def test_our_processes_read_redis_that_way(redis_url: str) -> None:
    broker.install()
    with Celery(broker=redis_url, set_as_current=False).connection_for_read() as connection:
        assert isinstance(connection.default_channel.subclient, BoundedPubSub)
