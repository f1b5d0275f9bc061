import JobCore

extension FamilyRoute {
    /// `POST /hooks/unsubscribe/TOKEN`: the one click of RFC 8058. Without a login, and twice does no harm.
    static let unsubscribe = FamilyRoute(.post, "hooks/unsubscribe/:token") { request, context in
        guard let (address, list) = try opened(request, context) else { return unknown }
        try await context.transaction { session throws(StoreError) in
            try session.suppress([Suppression(.email, address, list: list, .unsubscribe)])
        }
        return Response(
            200,
            contentType: html,
            page("Pronto: você não receberá mais estes e-mails. / Done: no more of these.")
        )
    }

    /// `GET`, as a person or a scanner of links opens it: asks, and changes nothing.
    static let unsubscribePage = FamilyRoute(.get, "hooks/unsubscribe/:token") { request, context in
        guard try opened(request, context) != nil else { return unknown }
        let form =
            "Não quer mais estes e-mails? / No more of these?"
            + "<form method=\"post\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">"
            + "<button>Cancelar inscrição / Unsubscribe</button></form>"
        return Response(200, contentType: html, page(form))
    }

    private static let html = "text/html; charset=utf-8"
    private static let unknown = Response(404, "this link is none of ours")

    private static func opened(_ request: Request, _ context: Context) throws -> (address: String, list: String)? {
        guard let links = try UnsubscribeLinks(context.environment), let token = request.parameter else { return nil }
        return links.token.open(token)
    }

    /// - Parameter content: our own text, no value of anybody's.
    private static func page(_ content: String) -> String {
        "<!doctype html><html lang=\"pt-BR\"><meta charset=\"utf-8\"><meta name=\"robots\" content=\"noindex\">"
            + "<meta name=\"viewport\" content=\"width=device-width\"><title>CheckIn</title><p>\(content)</p></html>"
    }
}
