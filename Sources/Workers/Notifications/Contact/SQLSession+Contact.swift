import Foundation
import JobCore

extension SQLSession {
    func profile(of user: String) throws(StoreError) -> NotificationProfile? {
        let rows = try query(
            """
            select user_id, locale, zone, phone, email, quiet_from, quiet_to, opt_outs, opt_ins from notification_profiles
            where user_id = :user
            """,
            ["user": .text(user)]
        )
        return try rows.first.map { row throws(StoreError) in try NotificationProfile(row) }
    }

    /// A profile that was changed later stays: messages may overtake each other. How many were kept.
    @discardableResult
    func keep(_ profiles: [NotificationProfile], changedAt: Timestamp) throws(StoreError) -> Int {
        try executeBatch(
            """
            insert into notification_profiles
                (user_id, locale, zone, phone, email, quiet_from, quiet_to, opt_outs, opt_ins, changed_at)
            values (:user, :locale, :zone, :phone, :email, :from, :to, :outs, :ins, :at)
            on conflict (user_id) do update set locale = excluded.locale, zone = excluded.zone, phone = excluded.phone,
                email = excluded.email, quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to,
                opt_outs = excluded.opt_outs, opt_ins = excluded.opt_ins, changed_at = excluded.changed_at
                where notification_profiles.changed_at <= excluded.changed_at
            """,
            profiles.map { profile in
                [
                    "user": .text(profile.userID), "locale": .text(profile.locale), "zone": .text(profile.zone),
                    "phone": .text(profile.phone), "email": .text(profile.email),
                    "from": profile.quiet.map { .int($0.from) } ?? .null,
                    "to": profile.quiet.map { .int($0.to) } ?? .null,
                    "outs": .text(profile.optOuts.sorted().joined(separator: " ")),
                    "ins": .text(profile.optIns.sorted().joined(separator: " ")), "at": .instant(changedAt),
                ]
            }
        ).reduce(0, +)
    }

    /// The most of one person that are looked at.
    private static var mostDevices: Int { 100 }

    func devices(of user: String) throws(StoreError) -> [Device] {
        try devices(ofAll: [user])[user] ?? []
    }

    /// The newest first.
    func devices(ofAll users: Set<String>) throws(StoreError) -> [String: [Device]] {
        let rows = try query(
            """
            \(dialect.list(of: ":users"))
            select user_id, platform, token, app, locale, registered_at from notification_devices
            where \(dialect.isListed("user_id")) order by registered_at desc, token
            """,
            ["users": .list(Array(users))]
        )
        var devices: [String: [Device]] = [:]
        for row in rows {
            let user = try row.text("user_id")
            guard let platform = Device.Platform(rawValue: try row.text("platform")),
                devices[user, default: []].count < Self.mostDevices
            else { continue }
            devices[user, default: []].append(
                Device(
                    platform,
                    try row.text("token"),
                    app: try row.text("app"),
                    locale: try row.optionalText("locale"),
                    registeredAt: try row.instant("registered_at")
                )
            )
        }
        return devices
    }

    /// An older registration changes nothing: messages may overtake each other.
    func register(_ devices: [(user: String, device: Device)]) throws(StoreError) {
        try executeBatch(
            """
            insert into notification_devices (platform, token, user_id, app, locale, registered_at)
            values (:platform, :token, :user, :app, :locale, :at)
            on conflict (platform, token) do update set user_id = excluded.user_id, app = excluded.app,
                locale = excluded.locale, registered_at = excluded.registered_at
                where notification_devices.registered_at <= excluded.registered_at
            """,
            devices.map { user, device in
                [
                    "platform": .text(device.platform.rawValue), "token": .text(device.token), "user": .text(user),
                    "app": .text(device.app), "locale": device.locale.map { .text($0) } ?? .null,
                    "at": .instant(device.registeredAt),
                ]
            }
        )
    }

    /// Takes tokens away that were not registered again after the instant given with each.
    func forget(_ devices: [(device: Device, goneAt: Timestamp)]) throws(StoreError) {
        try executeBatch(
            """
            delete from notification_devices
            where platform = :platform and token = :token and registered_at <= :gone
            """,
            devices.map { device, gone in
                [
                    "platform": .text(device.platform.rawValue), "token": .text(device.token), "gone": .instant(gone),
                ]
            }
        )
    }
}

extension NotificationProfile {
    init(_ row: SQLRow) throws(StoreError) {
        self.init(userID: try row.text("user_id"))
        locale = try row.text("locale")
        zone = try row.text("zone")
        phone = try row.optionalText("phone")
        email = try row.optionalText("email")
        if let from = try row.optionalInt("quiet_from"), let to = try row.optionalInt("quiet_to") {
            quiet = QuietHours(from: Int(from), to: Int(to))
        }
        optOuts = Set(try row.text("opt_outs").split(separator: " ").map(String.init))
        optIns = Set(try row.text("opt_ins").split(separator: " ").map(String.init))
    }
}
