"""Publishes one message as a producer that knows nothing but the exchange, a routing key and JSON.

usage: publish.py URL EXCHANGE ROUTING_KEY BODY
"""

import sys

import pika

url, exchange, routing_key, body = sys.argv[1:]
connection = pika.BlockingConnection(pika.URLParameters(url))
channel = connection.channel()
channel.confirm_delivery()
channel.basic_publish(exchange, routing_key, body.encode())
connection.close()
