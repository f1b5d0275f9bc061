"""Tries with a login of its own what no verb of jobctl is in between for: psql and pika against the real servers.

Arguments: the AMQP URL, the PostgreSQL URL, the prefix of all names, the schema. Prints one JSON object: what was refused, and
what was let through.
"""
import json
import subprocess
import sys

import pika

amqp, postgres, prefix, schema = sys.argv[1:5]


def sql(statement):
    done = subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", postgres, "-c", statement],
        capture_output=True,
        text=True,
    )
    if done.returncode == 0:
        return "ok"
    refused = "permission denied" in done.stderr or "must be owner" in done.stderr
    return "denied" if refused else done.stderr.strip()


def broker(deed):
    connection = pika.BlockingConnection(pika.URLParameters(amqp))
    try:
        channel = connection.channel()
        channel.confirm_delivery()
        deed(channel)
        return "ok"
    except pika.exceptions.ChannelClosedByBroker as error:
        return "denied" if error.reply_code == 403 else str(error)
    finally:
        if connection.is_open:
            connection.close()


queue = prefix + "system"
print(
    json.dumps(
        {
            "count_letters": sql(f'select count(*) from "{schema}".dead_letters'),
            "read_payloads": sql(f'select payload from "{schema}".dead_letters'),
            "read_waiting_payloads": sql(f'select * from "{schema}".waiting'),
            "read_keys": sql(f'select * from "{schema}".api_keys'),
            "pause": sql(f'delete from "{schema}".queue_controls'),
            "forge_audit": sql(f'update "{schema}".audit set actor = \'nobody\''),
            "shorten_audit": sql(f'delete from "{schema}".audit'),
            "drop": sql(f'drop table "{schema}".waiting'),
            "make": sql(f'create table "{schema}".mine (n int)'),
            "look_at_queue": broker(lambda channel: channel.queue_declare(queue, passive=True)),
            "publish": broker(
                lambda channel: channel.basic_publish(prefix + "jobs", "system.probe", b"{}", mandatory=True)
            ),
            "take": broker(lambda channel: channel.basic_get(queue)),
            "purge": broker(lambda channel: channel.queue_purge(queue)),
            "delete_queue": broker(lambda channel: channel.queue_delete(queue)),
            "declare": broker(lambda channel: channel.queue_declare(prefix + "mine", durable=True)),
        }
    )
)
