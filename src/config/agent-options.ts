import type { Option } from './options.ts';

/** Every option of `agent`, as `serveOptions` has those of `serve`. What is about one server stands in its definition. */
export const agentOptions = [
  {
    flag: 'config',
    value: 'file',
    chartValue: 'agent.servers',
    help: 'file of the server definitions; an edit takes effect without a restart',
  },
  {
    flag: 'listen',
    value: 'host:port',
    default: '127.0.0.1:8081',
    chartValue: 'agent.containerPort',
    help: 'address of the HTTP server; an IPv6 address in brackets',
  },
  {
    flag: 'allowed-host',
    value: 'name',
    repeatable: true,
    chartValue: 'agent.allowedHosts',
    help: 'host name beside those of this machine that clients use; requests for any other are refused',
  },
  {
    flag: 'confirmation-key-file',
    value: 'file',
    chartValue: 'agent.confirmationKeySecret.name',
    help: 'file with at least 32 random bytes, the same for all replicas, so that each takes the confirmations of all; default: one made up for this process',
  },
  { flag: 'stdio', help: 'serve one server over stdin and stdout in place of HTTP' },
  { flag: 'server', value: 'name', help: 'with --stdio and --config: which server of the definitions' },
  {
    flag: 'kubeconfig',
    value: 'file',
    help: 'with --stdio and without --config: kubeconfig of the control plane',
  },
  {
    flag: 'context',
    value: 'name',
    help: "with --kubeconfig: context in place of the kubeconfig's current one",
  },
  {
    flag: 'read-only',
    value: 'true|false',
    default: 'true',
    help: 'with --kubeconfig: false adds the tools that create, change and delete',
  },
  {
    flag: 'console-password-file',
    value: 'file',
    chartValue: 'agent.console.passwordSecret.name',
    help: 'serve the console at /console to whoever knows the password in this file, of at least 12 characters; default: no console',
  },
  {
    flag: 'console-credentials',
    value: 'folder',
    default: 'credentials',
    chartValue: 'agent.console.enabled',
    help: 'folder that the console keeps the tokens and kubeconfigs of servers in; a relative one is beside the file of the definitions',
  },
  {
    flag: 'console-config-map',
    value: 'namespace/name',
    chartValue: 'agent.console.enabled',
    help: 'ConfigMap that the file of the definitions is mounted from, by its key of the same name: the console changes that in place of the file',
  },
  {
    flag: 'console-secret',
    value: 'namespace/name',
    chartValue: 'agent.console.enabled',
    help: 'Secret that is mounted as the folder of --console-credentials: the console writes into that in place of the folder',
  },
  {
    flag: 'console-status',
    value: 'namespace/release',
    chartValue: 'agent.console.status',
    help: 'connector in this cluster whose status the console shows',
  },
  {
    flag: 'public-url',
    value: 'url',
    chartValue: 'agent.console.publicURL',
    help: "address that people have of the console and agents of the servers, where it is not the request's own",
  },
  {
    flag: 'shutdown-delay-duration',
    value: 'duration',
    default: '0s',
    chartValue: 'agent.shutdownDelayDuration',
    help: 'how long to go on serving after SIGTERM, with /readyz failing, so that load balancers learn that this process leaves',
  },
  {
    flag: 'log-level',
    value: 'level',
    default: 'info',
    chartValue: 'logLevel',
    help: 'debug, info, warn or error',
  },
] as const satisfies readonly Option[];
