import Foundation
import JobCore

extension DemoScene {
    /// A hundred and twenty mails in two languages, from a deploy that forgot the receipt's templates.
    static let emails = DemoScene(
        jobs: {
            (0..<120).map { index -> (EmailNotification, [EnqueueOption]) in
                let portuguese = index % 2 == 0
                let to = "\(portuguese ? "ana" : "sam").\(index)@example.com"
                let mail =
                    index % 5 == 2
                    ? EmailNotification(
                        to: to,
                        template: "checkin_receipt",
                        locale: portuguese ? "pt-BR" : "en",
                        variables: [
                            "name": portuguese ? "Ana" : "Sam", "venue": "Café Aurora ☕️", "date": "22/11/2026 19:30",
                            "visits": .integer(Int64(index % 7 + 1)),
                        ]
                    )
                    : EmailNotification(
                        to: to,
                        template: "welcome",
                        locale: portuguese ? "pt-BR" : "en",
                        variables: [
                            "name": portuguese ? "João" : "Sam", "start_url": "https://checkin.example/comecar",
                        ]
                    )
                return (mail, index % 15 == 0 ? [.lane(.high)] : [])
            }
        },
        cause: Cause(
            label: "bad_template",
            trouble: "this deploy was shipped without the templates of checkin_receipt",
            remedy: "the templates are deployed; workers drain and start again",
            set: { folder, resources in try withoutReceipts(folder, resources) }
        ),
        yield: { resources in
            let folder = EmailSettings.captureFolder(resources.environment)
            let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            return Yield(name: "mails", folder: folder, count: files.filter { $0.hasSuffix(".eml") }.count)
        }
    )

    private static func withoutReceipts(_ folder: String, _ resources: WorkerResources) throws -> [String: String] {
        let whole = EmailSettings.templateFolder(resources)
        let lacking = "\(folder)/templates-without-receipts"
        try? FileManager.default.removeItem(atPath: lacking)
        try FileManager.default.createDirectory(atPath: lacking, withIntermediateDirectories: true)
        for file in try FileManager.default.contentsOfDirectory(atPath: whole) where !file.hasPrefix("checkin_receipt.")
        {
            try FileManager.default.copyItem(atPath: "\(whole)/\(file)", toPath: "\(lacking)/\(file)")
        }
        return ["JOBS_MAIL_TEMPLATES_DIR": lacking]
    }
}
