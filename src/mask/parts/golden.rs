//! The parts of some secrets.

use super::parts;

/// The parts of some secrets.
#[test]
fn parts_are_what_the_list_says() {
    let auth = "Y2k6ZGNrLTlWdDRSbTJYcTdMejh3";
    for (value, expected) in [
        ("hunter2hunter2HUNTER2", &[][..]),
        ("correct horse battery staple 12345", &[]),
        ("markupsafe/) (requires-python:>=2.7,!=3", &[]),
        (
            r#"{"type":"service_account","private_key_id":"0123456789abcdef0123456789abcdef01234567",
            "private_key":"-----BEGIN PRIVATE KEY-----\nPy68wdvK/T6x4g2HBwWnyZMk\nGM0YvepW+iaQ2Srv\n-----END PRIVATE KEY-----\n",
            "client_email":"ci@demo.example.com","password":"p\"\u0061ss", "universe_domain": "googleapis.com"}"#,
            &[
                "-----BEGIN PRIVATE KEY-----\nPy68wdvK/T6x4g2HBwWnyZMk\nGM0YvepW+iaQ2Srv\n-----END PRIVATE KEY-----",
                "GM0YvepW+iaQ2Srv",
                "Py68wdvK/T6x4g2HBwWnyZMk",
                "p\"ass",
            ],
        ),
        (
            &format!(r#"{{"auths":{{"registry.example.com":{{"auth":"{auth}"}}}}}}"#),
            &[auth, "ci:dck-9Vt4Rm2Xq7Lz8w", "dck-9Vt4Rm2Xq7Lz8w"],
        ),
        (
            "DefaultEndpointsProtocol=https;AccountName=demostore;AccountKey=40rMoTEf03kMfL0mmL0QzNYF==;EndpointSuffix=core.windows.net",
            &["40rMoTEf03kMfL0mmL0QzNYF=="],
        ),
        (
            "Server=tcp:db1.database.windows.net,1433;Initial Catalog=shop;User ID=app;Password=s3cr;Encrypt=True",
            &["s3cr"],
        ),
        (
            "postgres://app:s3cr3t%2FPw%40d@db.example.com:5432/prod?sslmode=require",
            &["s3cr3t%2FPw%40d", "s3cr3t/Pw@d"],
        ),
        ("https://a.blob.core.windows.net/c?sv=2022-11-02&sig=aB3%2Fx9Zq%3D", &["aB3%2Fx9Zq%3D", "aB3/x9Zq="]),
        (
            "# settings\nexport DB_HOST=db1.internal.example.com\nDB_PASSWORD='x1 y2'\nAPI_TOKEN=abcd1234,\nDEBUG=true\nSTARTED=2024-01-31T12:00:00Z\n",
            &["abcd1234", "x1 y2"],
        ),
        (
            "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUM=\n    server: https://k8s.example.com:6443\nusers:\n- name: admin-user\n  user:\n    token: eyJhbGciOi.eyJzdWIi.8_FaI-Q\n",
            &["8_FaI-Q", "eyJhbGciOi.eyJzdWIi.8_FaI-Q", "eyJzdWIi"],
        ),
        (
            "-----BEGIN CERTIFICATE-----\nMIIC6jCCAdKgAwIBAgIBATANBgkqhkiG\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nqBlAjOUBDKLgnvWaw9ifX/hZ\n-----END PRIVATE KEY-----",
            &["qBlAjOUBDKLgnvWaw9ifX/hZ"],
        ),
    ] {
        assert_eq!(found(value), expected, "{value}");
    }
}

/// What programs cut out of a secret, and what stays readable.
#[test]
fn cut_parts_are_what_the_list_says() {
    let golden = [
        (
            "h.example.com:6380,password=R3disSecretKeyQ7abcd=,ssl=True,abortConnect=False",
            &["R3disSecretKeyQ7abcd="][..],
        ),
        ("admin:Sup3rS3cretPw9", &["Sup3rS3cretPw9"]),
        ("db.example.com:5432:shop:app:pgpass", &["pgpass"]),
        ("bob:$apr1$q7LmZ2vK$x9TrB4nWc8HyJ5dPq", &["$apr1$q7LmZ2vK$x9TrB4nWc8HyJ5dPq"]),
        ("machine h.example.com\n  login app\n  password N3trcSecr3tPw7\n", &["N3trcSecr3tPw7"]),
        ("machine h.example.com login app password n3trc", &["n3trc"]),
        ("Driver={ODBC Driver 18};Server=h,1433;Uid=app;Pwd={Odbc;Secr3t7Q};Encrypt=yes", &["Odbc;Secr3t7Q"]),
        ("Driver={ODBC Driver 18};Pwd={a}}bcd};Encrypt=yes", &["a}bcd", "a}}bcd"]),
        ("Server=h;Password=\"Quo;Secr3t7Q\";Encrypt=True", &["Quo;Secr3t7Q"]),
        ("[db]\nuser = \"app\"\npassword = \"T0mlSecr3tPw\" # c\nport = 5432", &["T0mlSecr3tPw"]),
        ("password: abcd # the old one", &["abcd", "abcd # the old one"]),
        ("{name: b, password: Fl0wSecr3tPw9}", &["Fl0wSecr3tPw9"]),
        ("users:\n- {name: b, password: 'x, y, z w'}\n- {name: c, port: 8080}", &["x, y, z w"]),
        ("<add key=\"Password\" value=\"XmlSecr3t\"/>", &["XmlSecr3t"]),
        ("<c><user>app</user><password>XmlSecr3t</password>\n<host name='h1.example.com'/></c>", &["XmlSecr3t"]),
        (
            "<add name='db' connectionString='Server=h;Password=s3cr;Encrypt=True'/>",
            &["Server=h;Password=s3cr;Encrypt=True", "s3cr"],
        ),
        ("Authorization: Bearer B3arerT0kenXyz123", &["B3arerT0kenXyz123"]),
        ("Authorization: Basic YWRtaW46cGFzcw==", &["YWRtaW46cGFzcw==", "admin:pass", "pass"]),
        ("eyJhbGciOi.eyJzdWIiOiIxIn0.q7LmZ2vKx9Tr", &["eyJzdWIiOiIxIn0", "q7LmZ2vKx9Tr"]),
        ("eyJ1c2VyIjoiYXBwIiwicGFzc3dvcmQiOiJzM2NyIn0=", &["s3cr", "{\"user\":\"app\",\"password\":\"s3cr\"}"]),
        ("{\"user\": \"app\", \"port\": 8080, \"password\": 90817263544, \"count\": 1234567}", &["90817263544"]),
        (
            "https://hooks.slack.com/services/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",
            &["q7LmZ2vKx9TrB4nWc8HyJ5dP"],
        ),
        ("app,Sup3rS3cretPw9,2024-01-31,db1.example.com:5432", &["Sup3rS3cretPw9"]),
        ("user,password,host\nbob,\"hunter,22\",h1\nann,pw45,h2", &["hunter,22", "pw45"]),
        ("host=h1.example.com port=5432 user=app password='pw 45x' sslmode=require", &["pw 45x"]),
        ("grant_type=client_credentials&client_secret=a%2Fbcd", &["a%2Fbcd", "a/bcd"]),
        ("registry.example.com/app@sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", &[]),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGq7LmZ2vKx9TrB4nWc8HyJ5dP bob@example.com", &[]),
        ("tcp:db1.example.com,1433", &[]),
        ("http://db1.example.com:8080/api/v1/users?page=2", &[]),
        ("correct horse, battery: staple", &[]),
    ];
    let other = golden.iter().filter(|(value, expected)| found(value) != *expected);
    let other: Vec<_> = other.map(|(value, _)| (value, found(value))).collect();
    assert!(other.is_empty(), "{other:#?}");
}

fn found(value: &str) -> Vec<String> {
    let parts = parts(value.as_bytes());
    parts.iter().map(|part| String::from_utf8(part.to_vec()).expect("UTF-8")).collect()
}
