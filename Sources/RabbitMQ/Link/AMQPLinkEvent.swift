/// What happened to a link or to a subscription on it, for whoever logs or parks.
package enum AMQPLinkEvent: Sendable, Equatable {
    case connected(host: String)
    /// An attempt failed; the next one is on its way after `retryIn`.
    case connectFailed(reason: String, retryIn: Duration)
    case disconnected(reason: String)
    /// The broker has an alarm and takes no publishes from this connection.
    case blocked(reason: String)
    case unblocked
    /// Deliveries may come from now on, at first and after every interruption.
    case subscribed(queue: String)
    /// Messages are ready and none comes: the subscription is being made anew.
    case stalled(queue: String)
    /// The broker ended the subscription: the queue was deleted or lost its leader.
    case cancelledByBroker(queue: String)
    /// The queue is missing, or the broker refused or closed the channel; tried again after `retryIn`.
    case subscriptionFailed(queue: String, code: UInt16, text: String, retryIn: Duration)
}
