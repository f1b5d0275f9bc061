import JobCore
import Logging

extension FamilyRoute {
    /// `POST /hooks/twilio/status`: what became of a text message. Reports come in any order and more than once; only one that
    /// is further on than what is known is kept. Signed with the account's token over `TWILIO_STATUS_URL`.
    static let twilioStatus = FamilyRoute(.post, "hooks/twilio/status") { request, context in
        guard let fields = try signedFields(request, context, address: "TWILIO_STATUS_URL") else { return forbidden }
        let values = Dictionary(fields, uniquingKeysWith: { first, _ in first })
        guard let sid = values["MessageSid"], sid.utf8.count <= 64, let status = values["MessageStatus"],
            let state = TwilioAnswer.state(status)
        else { return Response(422, "MessageSid and a known MessageStatus are wanted") }
        let error = values["ErrorCode"].flatMap { $0.isEmpty || $0 == "0" ? nil : "twilio_\($0.prefix(10))" }
        try await context.transaction { session throws(StoreError) in
            try session.report(sid, state, error: error, provider: "twilio")
        }
        return Response(204)
    }

    /// `POST /hooks/twilio/inbound`: a person's STOP and START. Signed over `TWILIO_INBOUND_URL`.
    static let twilioInbound = FamilyRoute(.post, "hooks/twilio/inbound") { request, context in
        guard let fields = try signedFields(request, context, address: "TWILIO_INBOUND_URL") else { return forbidden }
        let values = Dictionary(fields, uniquingKeysWith: { first, _ in first })
        guard let number = values["From"].flatMap({ PhoneNumber($0) }) else {
            return Response(422, "From is no number")
        }
        let wish = values["OptOutType"] ?? ""
        try await context.transaction { session throws(StoreError) in
            switch wish {
            case "STOP": try session.suppress([Suppression(.sms, number.text, .optOut)])
            case "START": try session.readmit(.sms, number.text, list: "")
            default: break
            }
        }
        return Response(200, contentType: "text/xml", "<Response/>")
    }

    private static let forbidden = Response(403, "not signed by Twilio for this address")

    /// The form's fields, if Twilio has signed them; nil if anybody else sent them.
    private static func signedFields(
        _ request: Request,
        _ context: Context,
        address name: String
    ) throws -> [(String, String)]? {
        let reader = SettingsReader(context.environment)
        guard let url = reader.text(name), let token = try reader.secret("TWILIO_AUTH_TOKEN") else {
            context.logger.warning("a callback came, and this process has no settings of Twilio")
            return nil
        }
        guard let fields = FormEncoding.fields(request.body), fields.count <= 100,
            let signature = request.header("x-twilio-signature"),
            TwilioSignature.isValid(signature, url: url, fields: fields, token: token)
        else { return nil }
        return fields
    }
}

extension SQLSession {
    /// Under this job id a report waits for the message that it tells of: providers may be faster than the answer.
    static var earlyReports: String { "early" }

    func report(
        _ id: String,
        _ state: MessageRecord.State,
        error: String?,
        provider: String
    ) throws(StoreError) {
        let parameters: SQLParameters = [
            "id": .scrubbed(id), "state": .text(state.rawValue), "rank": .int(state.rank), "error": .text(error),
            "provider": .text(provider),
        ]
        var early = parameters
        early["early"] = .text(Self.earlyReports)
        try execute(
            """
            update notification_messages set state = :state, rank = :rank, error = coalesce(:error, error)
            where provider_id = :id and provider = :provider and rank < :rank
            """,
            parameters
        )
        try execute(
            """
            insert into notification_messages
                (job_id, recipient, channel, user_id, provider, provider_id, state, rank, error, segments, at_ms)
            select :early, :id, 'sms', null, :provider, :id, :state, :rank, :error, 0, (select now_ms())
            where not exists (select 1 from notification_messages where provider_id = :id and provider = :provider)
            """,
            early
        )
    }

    /// What was reported of a message before its id was known here.
    func takeEarlyReport(_ id: String) throws(StoreError) -> (state: MessageRecord.State, error: String?)? {
        let row = try query(
            """
            delete from notification_messages where job_id = :early and recipient = :id returning state, error
            """,
            ["early": .text(Self.earlyReports), "id": .scrubbed(id)]
        ).first
        guard let row, let state = MessageRecord.State(rawValue: try row.text("state")) else { return nil }
        return (state, try row.optionalText("error"))
    }
}
