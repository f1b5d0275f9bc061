import Foundation
import Testing
import Workers

@Suite struct `E-mail templates` {
    private let values = ["name": "Conceição", "venue": "Bar do Zé", "date": "22/11/2026 13:36"]

    @Test(arguments: ["welcome", "checkin_receipt"], ["pt-BR", "en"])
    func `the templates of this package render`(name: String, locale: String) throws {
        let short = try templates().render(name, locale: locale, values: values)
        #expect(short.locale == locale)
        #expect(!short.subject.isEmpty && !short.subject.contains("\n"))
        #expect(short.text.contains("Conceição") && short.html.contains("Conceição"))
        #expect(!(short.text + short.html).contains("https://"))
        var more = values
        for name in ["start_url", "review_url"] { more[name] = "https://checkin.test/a?b=1&c=2" }
        let long = try templates().render(name, locale: locale, values: more)
        #expect(long.text.contains("https://checkin.test/a?b=1&c=2"))
        #expect(long.html.contains("href=\"https://checkin.test/a?b=1&amp;c=2\""))
        #expect(!(long.text + long.html + long.subject).contains("{{"))
    }

    @Test func `values are escaped in HTML and nowhere else`() throws {
        // A quote that carries a combining mark is one grapheme; it must not slip through.
        let nasty = "<b>\"'&\"\u{301} onmouseover='x' {{venue}} {{{name}}}"
        let mail = try templates().render("welcome", locale: "en", values: ["name": nasty])
        #expect(mail.text.contains(nasty))
        let escaped = "&lt;b&gt;&quot;&#39;&amp;&quot;\u{301} onmouseover=&#39;x&#39; {{venue}} {{{name}}}"
        #expect(Array(mail.html.utf8).firstRange(of: Array(escaped.utf8)) != nil)
    }

    @Test(arguments: [
        ("pt-BR", "pt-BR"), ("pt", "pt-BR"), ("pt-PT", "pt-BR"), ("en", "en"), ("en-GB", "en"), ("fr", "en"),
        ("", "en"),
    ])
    func `a locale falls back to its language, then to English`(asked: String, found: String) throws {
        #expect(try templates().render("welcome", locale: asked, values: values).locale == found)
    }

    @Test func `errors name what exists`() throws {
        let templates = try templates()
        #expect(throws: TemplateError.unknownTemplate(name: "wellcome", existing: ["checkin_receipt", "welcome"])) {
            try templates.render("wellcome", locale: "en", values: values)
        }
        #expect(
            throws: TemplateError.missingVariable(
                name: "venue",
                template: "checkin_receipt.en",
                given: ["date", "name"]
            )
        ) {
            try templates.render("checkin_receipt", locale: "en", values: ["name": "x", "date": "y"])
        }
        for name in ["../welcome", "Welcome", "wel come", "", "welcome.en"] {
            #expect(throws: TemplateError.invalidName) { try templates.render(name, locale: "en", values: values) }
        }
        #expect(try templates.requiredVariables("checkin_receipt", locale: "en") == ["date", "name", "venue"])
    }

    @Test(arguments: ["javascript:alert(1)", "http://checkin.test", "https://a b", "https://", "https://ç"])
    func `what becomes a link is an https address`(url: String) throws {
        #expect(throws: TemplateError.invalidURL(name: "start_url")) {
            try templates().render("welcome", locale: "en", values: ["name": "x", "start_url": url])
        }
    }

    @Test func `a value over 8 KiB is refused`() throws {
        #expect(throws: TemplateError.valueTooLong(name: "name")) {
            try templates().render("welcome", locale: "en", values: ["name": String(repeating: "x", count: 8193)])
        }
    }

    @Test(arguments: [
        "{{{name}}}", "{{&name}}", "{{>other}}", "{{=<% %>=}}", "{{% CONTENT_TYPE:HTML}}", "{{name.first}}",
        "{{upper(name)}}", "{{.}}", "{{$block}}{{/block}}", "{{<parent}}{{/parent}}", "{{name", "{{#name}}open",
        "{{Name}}",
    ])
    func `Mustache that mails do not need is refused when read`(source: String) throws {
        let folder = try MailFolder()
        try write(["a.en.subject": "s", "a.en.text": source, "a.en.html": "h"], folder)
        do {
            _ = try EmailTemplates(folder: folder.path)
            Issue.record("was accepted")
        } catch {
            #expect(error.label == "template_syntax")
        }
    }

    @Test func `a name the file tests itself may be left out`() throws {
        let folder = try MailFolder()
        let text = "{{! note }}{{#nick}}Hi {{ nick }}{{/nick}}{{^nick}}Hello{{/nick}}"
        try write(["a.en.subject": "s", "a.en.text": text, "a.en.html": text], folder)
        let templates = try EmailTemplates(folder: folder.path)
        #expect(try templates.render("a", locale: "en", values: [:]).text == "Hello")
        #expect(try templates.render("a", locale: "en", values: ["nick": ""]).text == "Hello")
        #expect(try templates.render("a", locale: "en", values: ["nick": "Bia"]).text == "Hi Bia")
    }

    @Test func `a folder with gaps is refused`() throws {
        let folder = try MailFolder()
        try write(["a.en.subject": "s", "a.en.text": "t"], folder)
        #expect(throws: TemplateError.incomplete(name: "a", locale: "en", missing: ["html"])) {
            try EmailTemplates(folder: folder.path)
        }
        try write(["a.en.body": "s"], folder)
        #expect(throws: TemplateError.misnamed(file: "a.en.body.mustache", parts: ["subject", "text", "html"])) {
            try EmailTemplates(folder: folder.path)
        }
        #expect(throws: TemplateError.unreadable(path: "/nonexistent")) {
            try EmailTemplates(folder: "/nonexistent")
        }
    }

    private func write(_ files: [String: String], _ folder: MailFolder) throws {
        for (name, text) in files {
            try Data(text.utf8).write(to: URL(filePath: "\(folder.path)/\(name).mustache"))
        }
    }
}
