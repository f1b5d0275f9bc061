import Admin
import Workers

/// CheckIn's command line: the platform's verbs with CheckIn's job types.
@main
struct Jobctl {
    static func main() async {
        await JobsMain.run(.checkIn())
    }
}
