import JobCore

/// Who is not to be written to: a number or an address, altogether (`list` empty) or about one list.
struct Suppression: Sendable, Equatable {
    enum Reason: String, Codable, Sendable, CaseIterable {
        /// The address does not exist.
        case bounce
        /// The person called a mail spam.
        case complaint
        case unsubscribe
        /// The person told the carrier to stop.
        case optOut = "opt_out"
    }

    let channel: Channel
    let address: String
    var list = ""
    let reason: Reason

    init(_ channel: Channel, _ address: String, list: String = "", _ reason: Reason) {
        self.channel = channel
        self.address = Self.canonical(address)
        self.list = list
        self.reason = reason
    }

    /// Addresses of mail compare without case: a domain's never matters, and no provider tells mailboxes apart by it.
    static func canonical(_ address: String) -> String { address.lowercased() }
}

extension SQLSession {
    /// The reason, if the address is on the list or on none at all.
    func suppression(
        _ channel: Channel,
        _ address: String,
        list: String = ""
    ) throws(StoreError) -> Suppression.Reason? {
        let row = try query(
            """
            select reason from notification_suppressions
            where channel = :channel and address = :address and list in ('', :list)
            order by list limit 1
            """,
            [
                "channel": .text(channel.rawValue), "address": .scrubbed(Suppression.canonical(address)),
                "list": .text(list),
            ]
        ).first
        guard let row else { return nil }
        return Suppression.Reason(rawValue: try row.text("reason"))
    }

    func suppress(_ suppressions: [Suppression]) throws(StoreError) {
        try executeBatch(
            """
            insert into notification_suppressions (channel, address, list, reason, at_ms)
            values (:channel, :address, :list, :reason, (select now_ms()))
            on conflict (channel, address, list) do nothing
            """,
            suppressions.map {
                [
                    "channel": .text($0.channel.rawValue), "address": .scrubbed($0.address, maximumBytes: 320),
                    "list": .scrubbed($0.list, maximumBytes: 64), "reason": .text($0.reason.rawValue),
                ]
            }
        )
    }

    /// Takes a person's own decision back. Bounces and complaints stay.
    func readmit(_ channel: Channel, _ address: String, list: String) throws(StoreError) {
        try execute(
            """
            delete from notification_suppressions
            where channel = :channel and address = :address and list = :list and reason in ('unsubscribe', 'opt_out')
            """,
            [
                "channel": .text(channel.rawValue), "address": .scrubbed(Suppression.canonical(address)),
                "list": .scrubbed(list, maximumBytes: 64),
            ]
        )
    }
}
