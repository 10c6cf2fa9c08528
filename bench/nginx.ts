import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import type { PassThroughConfig } from './pass-through.ts';

const places = ['nginx', '/usr/sbin/nginx', '/usr/local/sbin/nginx', '/opt/homebrew/bin/nginx'];

/** The nginx of this machine, or undefined where there is none. */
export async function findNginx(): Promise<string | undefined> {
  for (const command of places) {
    const found = await promisify(execFile)(command, ['-v']).then(
      () => true,
      () => false,
    );
    if (found) return command;
  }
  return undefined;
}

/** Writes the same pass-through for nginx, with one worker as Node has one thread; returns the command's arguments. */
export async function writeNginxConfig(config: PassThroughConfig, folder: string): Promise<string[]> {
  const { host } = new URL(config.upstream);
  await mkdir(path.join(folder, 'temp'), { recursive: true });
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `${kind}_temp_path temp/${kind};`)
    .join(' ');
  const text = `
${process.getuid?.() === 0 ? 'user root;' : ''}
worker_processes 1;
daemon off;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 4096; }
http {
  access_log off;
  ${temp}
  upstream control_plane { server ${host}; keepalive 256; keepalive_requests 100000000; keepalive_timeout 90s; }
  server {
    listen 127.0.0.1:${config.port} ssl;
    ssl_certificate ${config.certFile};
    ssl_certificate_key ${config.keyFile};
    ssl_client_certificate ${config.clientCaFile};
    ssl_verify_client on;
    keepalive_timeout 120s;
    keepalive_requests 100000000;
    client_max_body_size 4m;
    location /openapi/ { return 404; }
    location / {
      proxy_pass https://control_plane;
      proxy_http_version 1.1;
      proxy_buffering off;
      proxy_read_timeout 1h;
      proxy_set_header Connection "";
      proxy_set_header Host ${host};
      proxy_set_header Authorization "Bearer ${config.token}";
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate ${config.upstreamCaFile};
      # nginx compares names only, and the lab's certificates carry localhost beside the address.
      proxy_ssl_name localhost;
    }
  }
}
`;
  const file = path.join(folder, 'nginx.conf');
  await writeFile(file, text, { mode: 0o600 });
  return ['-p', folder, '-c', file];
}
