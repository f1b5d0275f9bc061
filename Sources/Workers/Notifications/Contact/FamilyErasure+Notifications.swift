import JobCore

extension FamilyErasure {
    /// Everything that names a person by id, number or address.
    static let notifications = FamilyErasure("notification_rows") { person, session throws(StoreError) in
        var rows: Int64 = 0
        for (table, condition) in conditions(person) {
            let row = try session.query(
                "select count(*) as rows from \(table) where \(condition)",
                parameters(person, condition)
            ).first
            if let row { rows += try row.int("rows") }
        }
        return Int(rows)
    } erase: { person, session throws(StoreError) in
        var rows = 0
        for (table, condition) in conditions(person) {
            rows += try session.execute("delete from \(table) where \(condition)", parameters(person, condition))
        }
        return rows
    }

    /// A statement gets what it names.
    private static func parameters(_ person: Person, _ condition: String) -> SQLParameters {
        switch person {
        case .member(_, let value):
            condition.contains(":owner") ? ["owner": .text("user:\(value)")] : ["value": .text(value)]
        case .text(let text): ["value": .text(text)]
        }
    }

    private static let recipient = "lower(recipient) in (:value, 'apns:' || :value, 'fcm:' || :value)"

    /// Suppressions stay: they are how a person is left alone, and go only by `jobctl notification readmit`.
    private static func conditions(_ person: Person) -> [(table: String, condition: String)] {
        switch person {
        case .member("user_id", _):
            [
                ("notification_profiles", "user_id = :value"), ("notification_devices", "user_id = :value"),
                ("notification_messages", "user_id = :value"), ("notification_captures", "user_id = :value"),
                ("notification_digests", "user_id = :value"), ("notification_segments", "user_id = :value"),
                ("notification_counts", "owner = :owner"),
            ]
        case .member: []
        case .text:
            [
                ("notification_profiles", "phone = :value or lower(email) = :value"),
                ("notification_devices", "lower(token) = :value"),
                ("notification_messages", recipient),
                ("notification_captures", recipient),
            ]
        }
    }
}
