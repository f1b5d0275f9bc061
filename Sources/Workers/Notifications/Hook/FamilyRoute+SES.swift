import Foundation
import JobCore
import Logging

extension FamilyRoute {
    /// `POST /hooks/ses/SECRET`: bounces and complaints, as SNS delivers them for SES. Who calls is known by the secret in the
    /// address (`JOBS_SES_HOOK_SECRET` or its file); SNS keeps it with the subscription.
    static let sesFeedback = FamilyRoute(.post, "hooks/ses/:secret") { request, context in
        let reader = SettingsReader(context.environment)
        guard let secret = try reader.secret("JOBS_SES_HOOK_SECRET"), secret.utf8.count >= 16,
            isSame(request.parameter ?? "", secret)
        else { return Response(404, "there is nothing here") }
        guard let notice = try? JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any] else {
            return Response(422, "no JSON")
        }
        if notice["Type"] as? String == "SubscriptionConfirmation" {
            // Confirmed by a person: nothing that comes from outside makes this process call an address.
            context.logger.notice(
                "SNS asks to confirm the subscription: open its SubscribeURL, or confirm in the console"
            )
            return Response(200)
        }
        let suppressions = SESFeedback.suppressions(notice)
        try await context.transaction { session throws(StoreError) in try session.suppress(suppressions) }
        return Response(204)
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        let (left, right) = (Array(left.utf8), Array(right.utf8))
        return left.count == right.count && zip(left, right).reduce(0) { $0 | $1.0 ^ $1.1 } == 0
    }
}

/// SES's events: bounces for good and complaints; what passes by itself (a full mailbox) suppresses nobody.
enum SESFeedback {
    static func suppressions(_ notice: [String: Any]) -> [Suppression] {
        var event = notice
        if let text = notice["Message"] as? String {
            event = (try? JSONSerialization.jsonObject(with: Data(text.utf8))) as? [String: Any] ?? [:]
        }
        switch event["notificationType"] as? String ?? event["eventType"] as? String {
        case "Bounce":
            let bounce = event["bounce"] as? [String: Any] ?? [:]
            guard bounce["bounceType"] as? String == "Permanent" else { return [] }
            return addresses(bounce["bouncedRecipients"]).map { Suppression(.email, $0, .bounce) }
        case "Complaint":
            let complaint = event["complaint"] as? [String: Any] ?? [:]
            return addresses(complaint["complainedRecipients"]).map { Suppression(.email, $0, .complaint) }
        default: return []
        }
    }

    private static func addresses(_ recipients: Any?) -> [String] {
        (recipients as? [[String: Any]] ?? []).prefix(100).compactMap { $0["emailAddress"] as? String }
            .filter { $0.utf8.count <= 320 && $0.contains("@") }
    }
}
