import { AppError } from '@trainyard/contract'
import type { Message } from '../message.ts'
import { flag, type Params, text } from '../params.ts'
import { postJson } from './post-json.ts'
import type { Sender } from './table.ts'

/**
 * A comment on an issue or a pull or merge request: `repo`, `issue` (its number), `token`, and the service: `server` (its address where it
 * is not the public one), `gitlab` or `azure` for those; `merge_request` with GitLab means one of those instead of an issue.
 */
export const sendGitComment: Sender = (params, message, context) => {
  const issue = text(params, 'issue')
  if (!/^\d+$/.test(issue)) throw new AppError('invalid_argument', `A Git comment needs the number of an issue, not '${issue}'.`)
  const { url, headers, body } = requestOf(params, issue, message)
  return postJson(url, body, context, { headers })
}

interface CommentRequest {
  url: string
  headers: Record<string, string>
  body: unknown
}

function requestOf(params: Params, issue: string, message: Message): CommentRequest {
  const [repo, token, server] = [text(params, 'repo'), text(params, 'token'), text(params, 'server')]
  const comment = `**${message.title}**\n\n${message.text}`
  if (flag(params, 'azure', false) || /(?:dev\.azure\.com|visualstudio\.com)$/.test(server)) {
    // organization/project/repository
    const [organization = '', project = '', repository = project] = repo.split('/').map(encodeURIComponent)
    return {
      url: `${address(server, 'https://dev.azure.com')}/${organization}/${project}/_apis/git/repositories/${repository}/pullRequests/${issue}/threads?api-version=7.1`,
      headers: { authorization: `Basic ${Buffer.from(`:${token}`).toString('base64')}` },
      body: { comments: [{ parentCommentId: 0, content: comment, commentType: 1 }], status: 1 },
    }
  }
  if (flag(params, 'gitlab', false) || server.includes('gitlab')) {
    const where = flag(params, 'merge_request', false) ? 'merge_requests' : 'issues'
    return {
      url: `${address(server, 'https://gitlab.com')}/api/v4/projects/${encodeURIComponent(repo)}/${where}/${issue}/notes`,
      headers: { 'private-token': token },
      body: { body: comment },
    }
  }
  return {
    url: `${address(server, 'https://api.github.com')}/repos/${repo.split('/').map(encodeURIComponent).join('/')}/issues/${issue}/comments`,
    headers: { accept: 'application/vnd.github+json', authorization: `Bearer ${token}` },
    body: { body: comment },
  }
}

/** The public service, or the one that is named, with or without https:// before it. */
const address = (server: string, usual: string): string => {
  if (server === '') return usual
  return (/^https?:\/\//.test(server) ? server : `https://${server}`).replace(/\/+$/, '')
}
