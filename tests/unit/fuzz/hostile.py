"""Words that something may stumble over: shells, YAML, TOML, JSON, paths, numbers, Unicode, and a secret."""

import json
import re
from typing import Any

SECRET = "hunter2-of-the-lab"


def _words(text: str) -> tuple[str, ...]:
    """The words of `text`, two blanks or more between them, with Python's escapes."""
    return tuple(word.encode().decode("unicode_escape") for word in re.split(r"\s{2,}", text.strip()))


TEXTS = (
    *("", " ", f"https://root:{SECRET}@mirror.lab/v2", f"root:{SECRET}@esxi.lab", '"""'),
    *(
        "=== 0644 1 /etc/cron.d/x\n* * * * * root id\n",
        "\n[plugins]\nx = 1\n",
        "9" * 5000,
        "a" * 64,
        "a." * 130,
        "a" * 300,
    ),
    *("a" * 5_000, "a" * 80_000, "a@" * 40_000, "a:" * 40_000, "-" * 80_000, "1." * 40_000, "((((" * 20_000),
    *_words(r"""
    \n  \t  \x00  \x1b[31m  \x7f  \u2028  \ufeff  \ud800  \U0001f600  \ufb00  \uff11\uff10  \xe9  \u202e  ~  null
    true  no  y  1e3  0o17  0x1f  010  1_000  .5  .inf  -  --  ---  ...  <<  =  *a  $(id)  `id`  '; id; '  "  '''
    \\  \\u0000  %s  {0}  {{x}}  ${HOME}  $HOME  !  #  a: b  ..  ../..  ../../etc/passwd  /  //  /etc/shadow
    /dev/zero  /dev/stdin  /proc/kmsg  a/../b  ~root  === 0644 1 /etc/cron.d/x\n* * * * * root id\n
    \n[plugins]\nx = 1\n  [[registry]]  ]]>  &amp;  <x/>  https://..  https://../v2  https://-x$(id)/v2
    https://a.lab/v2?  https://a.lab:0/v2  https://a.lab:99999/v2  https://[::1]/v2  https://[::1
    https://a.lab/v2/\U0001f600  https://a.lab/v2/../../x  https://a.lab/v2/%2e%2e/x  https://a.lab/v2/a b
    https://a.lab/v2/"  https://a.lab/v2/\\  http://a.lab  file:///etc/passwd  file://  fe80::1%$(id)
    fe80::1%eth0  ::1  0.0.0.0  127.0.0.1  240.0.0.0/4  10.244.0.0/16,fd00::/56  10.0.0.1/8  10.244.0.0/016
    10.244.0.0/255.255.0.0  1.2.3.4.5  1.36.3  v1.36.3  1.36  99999.99999.99999  1e9999999  1e4300  1e999999Gi
    10 Mi  1_000Mi  -1Mi  0Mi  NaN  Infinity  sNaN  1E  0.1Ki  \uff11\uff10Mi  containerd  docker  crio  cri-o
    calico  none  ipvs  userspace  master  controlPlane  worker  localhost  a..b  -a  a-  a_b  A
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  xn--  *.lab  *  registry.lab:0
    registry.lab:99999  NoSchedule  a=b:NoSchedule  kubernetes.io/x  node-role.kubernetes.io/control-plane  /a  a/
    a/b/c
    """),
)

KEYS = (
    *("", " ", "a" * 300, "a" * 5_000, f"root:{SECRET}@registry.lab"),
    *_words(r"""
    [key]  [0]  0  a/b  a.b  a:b  ..  \x00  \n  \u2028  \ud800  \xe9  __proto__  self  <<  password  token
    apiSecret  config  kubelab:  kubelab:cluster  pulumi:tags  guestinfo.x  kubelab.x  GuestInfo.metadata
    containerLogMaxSize  containerLogMaxFiles  featureGates  NodeSwap  cgroupDriver  maxPods  resolvConf  mode
    conntrack  kubernetes.io/hostname  docker.io  registry.lab:5000
    """),
)

LINES = (
    *(
        f"%YAML {'9' * 5000}.1\n---\n",
        "9" * 5000,
        "0x" + "f" * 5000,
        ": ",
        ", ",
        "? ",
        "- ",
        "! ",
        "  a: b\n",
        "<<: *a\n",
    ),
    *(
        "!!int ",
        "!!float ",
        "!!bool ",
        "!!null ",
        "!!timestamp ",
        "!!binary ",
        "!!set ",
        "!x ",
        "&a ",
        "{a: ",
        "!!python/object:os.x ",
    ),
    *_words(r"""
    *a  &a {<<: *a}  <<: *a\n  <<: [*a, *a]  [  {  ]  }  '  "  |\n  >-\n  |9\n  ---\n  ...\n  %YAML 1.2\n
    %TAG ! x\n  \t  \n  \r  \x00  \x85  \u2028  \ufeff  "\\U00110000"  "\\ud800"  "\\x00"  "\\  1e9999999  .inf
    1e3  0o17  010  ~  a: b\n  \xe9  \U0001f600  \ud800  # comment\n  @  `  -----BEGIN CERTIFICATE-----\n
    -----END CERTIFICATE-----\n  -----BEGIN PRIVATE KEY-----\n  === 0440 1 /etc/sudoers.d/x\nx\n
    """),
)

VALUES: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2,
        3,
        64,
        1.5,
        -0.0,
        1e308,
        float("inf"),
        float("nan"),
        2**31,
        2**63,
        2**64,
        10**400,
    ),
    *([], {}, [None], [[]], {"": None}, [1, "a"], {"a": {}}, {"role": "worker"}, {"role": "controlPlane"}, -(10**20)),
    *({"password": SECRET}, {"password": {"x": SECRET}}, {"secure": SECRET}, ["a.lab", "10.0.0.1"], {"NodeSwap": "x"}),
    *([{"name": "v", "value": "4"}], [{"name": "v"}], {"key": "a", "effect": "NoSchedule"}, [0] * 40_000),
    *(
        [{"key": "a", "value": "b", "effect": "NoExecute"}],
        {"a" * n: n for n in range(50)},
        json.loads("[" * 40 + "]" * 40),
    ),
)
